"""Every sync, commit and check of docs/storage.md, how to take it away, who notices."""

from typing import NamedTuple


class Mutation(NamedTuple):
    """What is taken away: `old` stands once in the module and becomes `new`.

    `where` and `call` are as in the table of syncs; a check has what it is instead.
    At least one of `tests` has to fail then.
    """

    where: str
    call: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def file(self) -> str:
        """The module's file, below the package."""
        *folders, module = self.where.split(".", 1)[0].split("/")
        return "/".join((*(folders or ["store"]), f"{module}.py"))


CRASH = "tests/store/test_crash.py::"
FACTS = "tests/store/test_crash_facts.py::"
SYNCS = "tests/store/test_faults_syncs.py::"
FAILURES = "tests/store/test_failures.py::"
OPENING = "tests/store/test_opening.py::"
RECOVERY = "tests/store/test_recovery.py::"
LOCAL = "tests/store/test_local.py::"
FULL = "tests/store/test_disk_full.py::"
ROT = "tests/store/test_bit_rot.py::"
BACKUP = "tests/store/test_backup.py::"
SALVAGE = "tests/store/test_salvage.py::"
COMMITS = "tests/server/test_commit.py::"

CUTS = (
    CRASH + "test_s1_18_after_a_power_cut_the_files_alone_tell_the_same",
    CRASH + "test_s1_18_power_may_fail_again_in_each_of_three_recoveries",
)
ONE_BY_ONE = (
    CRASH
    + "test_s1_18_files_and_folders_are_synced_one_by_one_where_syncfs_is_missing",
)
BEGINNING = (CRASH + "test_s1_18_power_may_fail_while_a_store_is_made",)
KILLED = (
    RECOVERY + "test_s1_18_a_killed_server_is_recovered_with_all_it_had_answered",
)
PRAGMAS = (
    SYNCS + "test_both_connections_that_write_sync_each_commit_and_copy_nothing_by"
    "_themselves",
)
PUT = (SYNCS + "test_a_file_that_is_put_durably_is_synced_before_it_has_its_name",)
MOVED = (
    SYNCS + "test_a_file_that_is_moved_durably_is_synced_first_and_its_folder_last",
)
ASIDE = (SYNCS + "test_what_is_moved_aside_is_gone_here_and_there_on_the_disk",)
STOPPED = (SYNCS + "test_after_a_clean_stop_nothing_waits_in_journal_or_log",)
TAKEN = (SYNCS + "test_a_file_that_a_rebuild_takes_from_the_index_is_durable",)
MARKED = (SYNCS + "test_a_backup_is_marked_before_and_whole_after_all_else",)
RECEIPTS = (SYNCS + "test_receipts_that_a_rebuild_writes_into_the_ledger_are_durable",)
FILED_AGAIN = (SYNCS + "test_what_a_start_has_filed_again_the_next_one_need_not",)
REBUILT = ("tests/store/test_rebuild.py::test_n12_a_rebuilt_index_equals_the_lost_one",)
SPOILT = (ROT + "test_t9_a_spoilt_letter_is_never_served",)
LINES = (ROT + "test_t9_n2_every_flip_and_cut_within_the_ledger_is_found",)

SYNCED = (
    Mutation(
        "writer.Writer.write",
        "COMMIT",
        '            self._connection.execute("COMMIT")\n',
        "",
        KILLED,
    ),
    Mutation(
        "schema.connect",
        "synchronous",
        "PRAGMA synchronous = FULL",
        "PRAGMA synchronous = OFF",
        PRAGMAS,
    ),
    Mutation(
        "schema.connect",
        "wal_autocheckpoint",
        '    connection.execute("PRAGMA wal_autocheckpoint = 0")\n',
        "",
        PRAGMAS,
    ),
    Mutation(
        "filer.Filer.sync",
        "syncfs",
        "if not self._disk.syncfs(self._fd):",
        "if False:",
        CUTS,
    ),
    Mutation(
        "filer.Filer.sync",
        "_sync_each",
        "self._sync_each(self._unsynced[:count])",
        "pass",
        ONE_BY_ONE,
    ),
    Mutation(
        "filer.Filer._sync_each",
        "fsync",
        "[*dict.fromkeys(files), *sorted(folders, reverse=True)]",
        "sorted(folders, reverse=True)",
        ONE_BY_ONE,
    ),
    Mutation(
        "filer.Filer._sync_each",
        "fsync",
        "[*dict.fromkeys(files), *sorted(folders, reverse=True)]",
        "dict.fromkeys(files)",
        ONE_BY_ONE,
    ),
    Mutation(
        "disk.RealDisk.syncfs",
        "_syncfs",
        "if self._syncfs(fd) != 0:",
        "if False:",
        (FAILURES + "test_the_real_disk_reports_what_syncfs_reports",),
    ),
    Mutation(
        "disk.RealDisk.fsync",
        "fsync",
        "            os.fsync(fd)\n",
        "            pass\n",
        (SYNCS + "test_the_real_disk_reports_what_fsync_reports",),
    ),
    Mutation(
        "local.LocalStore.settle",
        "sync",
        "self._settled = self._filer.sync()",
        "self._settled = self._filer.filed",
        CUTS,
    ),
    Mutation(
        "local.LocalStore.settle",
        "_checkpoint",
        'waiting = self._checkpoint(self._checkpointer, "PASSIVE")',
        "waiting = 0",
        (SYNCS + "test_what_is_settled_stands_in_the_index_without_its_log",),
    ),
    Mutation(
        "local.LocalStore.commit",
        "_checkpoint",
        '                self._checkpoint(self._connection, "RESTART")\n',
        "",
        (LOCAL + "test_a_log_that_has_grown_long_is_begun_anew",),
    ),
    Mutation(
        "local.LocalStore.close",
        "settle",
        "                self.settle()\n                self.commit((), 0)\n",
        "                self.commit((), 0)\n",
        STOPPED,
    ),
    Mutation(
        "local.LocalStore.close",
        "_checkpoint",
        "                self.commit((), 0)\n"
        '                self._checkpoint(self._connection, "TRUNCATE")\n',
        "                self.commit((), 0)\n",
        STOPPED,
    ),
    Mutation(
        "local.LocalStore._recover",
        "_checkpoint",
        '        self._checkpoint(self._connection, "TRUNCATE")\n'
        "        rows = self._journal(0)\n",
        "        rows = self._journal(0)\n",
        (RECOVERY + "test_a_start_empties_the_log_before_it_writes_behind_it",),
    ),
    Mutation(
        "local.LocalStore._recover",
        "settle",
        "            self.settle()\n            self._commit((), 0, full=False)\n",
        "            self._commit((), 0, full=False)\n",
        FILED_AGAIN,
    ),
    Mutation(
        "local.LocalStore._checkpoint",
        "wal_checkpoint",
        'connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()',
        '{"log": 0}',
        STOPPED,
    ),
    Mutation(
        "local.LocalStore._prepare",
        "fsync",
        "                self._disk.fsync(path.parent)\n",
        "                pass\n",
        (OPENING + "test_a_new_folder_is_synced_into_those_above_it",),
    ),
    Mutation(
        "local.LocalStore._check_format",
        "put_file durable",
        "put_file(self._disk, self.layout.format, text, durable=True)",
        "put_file(self._disk, self.layout.format, text)",
        BEGINNING,
    ),
    Mutation(
        "local.LocalStore._set_log_aside",
        "move_durably",
        "move_durably(self._disk, log, aside)",
        "self._disk.rename(log, aside)",
        (SYNCS + "test_a_log_that_is_set_aside_has_its_name_on_the_disk",),
    ),
    Mutation(
        "rebuild.place_index",
        "move_durably",
        "move_durably(disk, layout.new_index, layout.index)",
        "disk.rename(layout.new_index, layout.index)",
        (OPENING + "test_an_index_made_anew_is_synced_before_it_has_its_name",),
    ),
    Mutation(
        "rebuild.fill_index",
        "COMMIT",
        '            connection.execute("COMMIT")\n',
        "",
        REBUILT,
    ),
    Mutation(
        "atomic.put_file",
        "fsync",
        "        disk.fsync(Path(temporary))\n",
        "        pass\n",
        (*PUT, *BEGINNING),
    ),
    Mutation(
        "atomic.put_file",
        "fsync",
        "        disk.fsync(Path(path).parent)\n",
        "        pass\n",
        PUT,
    ),
    Mutation(
        "atomic.move_durably",
        "fsync",
        "    disk.fsync(source)\n    disk.rename(source, target)\n",
        "    disk.rename(source, target)\n",
        MOVED,
    ),
    Mutation(
        "atomic.move_durably",
        "fsync",
        "    disk.rename(source, target)\n    disk.fsync(target.parent)\n\n",
        "    disk.rename(source, target)\n\n",
        MOVED,
    ),
    Mutation(
        "atomic.move_aside",
        "fsync",
        "    disk.fsync(target.parent)\n    disk.fsync(source.parent)\n",
        "    disk.fsync(source.parent)\n",
        ASIDE,
    ),
    Mutation(
        "atomic.move_aside",
        "fsync",
        "    disk.fsync(source.parent)\n",
        "",
        ASIDE,
    ),
    Mutation(
        "quarantine.Quarantine._note",
        "fsync",
        "        self._disk.fsync(path)\n",
        "",
        (SYNCS + "test_a_loss_is_written_down_durably_before_the_file_is_moved",),
    ),
    Mutation(
        "salvage._salvage",
        "put_file durable",
        ".encode(), durable=True)\n    empty = ",
        ".encode())\n    empty = ",
        (SYNCS + "test_a_rebuild_makes_the_format_durable_before_all_else",),
    ),
    Mutation(
        "salvage._file_again",
        "sync",
        "        filer.carry_out(plan)\n        filer.sync()\n",
        "        filer.carry_out(plan)\n",
        (SYNCS + "test_a_rebuild_syncs_what_it_files_before_it_gives_the_journal_up",),
    ),
    Mutation(
        "salvage._restore_receipts",
        "sync",
        "            filer.sync()\n        trouble",
        "        trouble",
        RECEIPTS,
    ),
    Mutation(
        "salvage._cut_ledger",
        "put_file durable",
        "put_file(disk, aside, data[end:], durable=True)",
        "put_file(disk, aside, data[end:])",
        (SYNCS + "test_the_end_of_a_ledger_day_is_kept_durably_before_it_is_cut",),
    ),
    Mutation(
        "trouble.Lenient._put",
        "put_file durable",
        "encode_account(account), durable=True)",
        "encode_account(account))",
        TAKEN,
    ),
    Mutation(
        "trouble.Lenient._put_room",
        "put_file durable",
        "encode_room(room), durable=True)",
        "encode_room(room))",
        TAKEN,
    ),
    Mutation(
        "trouble.Lenient.bad_removals",
        "put_file durable",
        "put_file(self._disk, path, lines, durable=True)",
        "put_file(self._disk, path, lines)",
        (SYNCS + "test_a_list_of_removals_that_a_rebuild_writes_again_is_durable",),
    ),
    Mutation(
        "backup._Copying._begin",
        "fsync",
        "            self._disk.fsync(path.parent)\n",
        "            pass\n",
        MARKED,
    ),
    Mutation(
        "backup._Copying._begin",
        "put_file durable",
        "BEGUN, durable=True)",
        "BEGUN)",
        MARKED,
    ),
    Mutation(
        "backup._Copying._file",
        "sync",
        "            filer.sync()\n            self._unsynced = 0\n",
        "            self._unsynced = 0\n",
        (BACKUP + "test_more_is_synced_than_once",),
    ),
    Mutation(
        "backup._Copying._put",
        "put_file durable",
        "put_file(self._disk, path, data, durable=True)",
        "put_file(self._disk, path, data)",
        (SYNCS + "test_a_backup_of_the_ledger_is_durable_day_by_day",),
    ),
    Mutation(
        "backup._Copying.run",
        "sync",
        "            filer.sync()\n        self._copy_losses()\n",
        "        self._copy_losses()\n",
        MARKED,
    ),
    Mutation(
        "backup._Copying.run",
        "put_file durable",
        "WHOLE, durable=True)",
        "WHOLE)",
        MARKED,
    ),
    Mutation(
        "reader.snapshot",
        "COMMIT",
        'execute("COMMIT")',
        'execute("SELECT 1")',
        KILLED,
    ),
)

CHECKS = (
    Mutation(
        "server/commit",
        "answers wait for the file",
        "            if batch.rows:\n",
        "            if batch.rows and not self._answer(batch, waiters):\n",
        (COMMITS + "test_s0_4_no_answer_before_the_file_stands",),
    ),
    Mutation(
        "writer",
        "a row is forgotten when it is settled",
        "(forget.n,)",
        "(self._n,)",
        CUTS,
    ),
    Mutation(
        "schema",
        "all tables are made, or none",
        'f"BEGIN; {SCHEMA} INSERT',
        'f"{SCHEMA} BEGIN; INSERT',
        (OPENING + "test_a_new_index_has_all_its_tables_or_none",),
    ),
    Mutation(
        "atomic",
        "a file is written under a temporary name",
        'f"{path}{TEMPORARY}"',
        "path",
        (FAILURES + "test_a_message_is_seen_whole_while_it_is_filed",),
    ),
    Mutation(
        "atomic",
        "a torn line is cut",
        "        disk.truncate(path, end)\n",
        "        pass\n",
        (SALVAGE + "test_a_torn_list_of_losses_is_gone_on_with",),
    ),
    Mutation(
        "disk",
        "a short write is gone on with",
        "while done < len(data):",
        "while False:",
        (
            "tests/store/test_faults.py::test_a_write_that_takes_one_byte_is_gone_on_with",
        ),
    ),
    Mutation(
        "disk",
        "a write that takes nothing fails",
        'raise OSError(f"only {done} of {len(data)} bytes were taken")',
        "return",
        (FAILURES + "test_a_write_that_takes_nothing_is_a_failure",),
    ),
    Mutation(
        "filer",
        "a file system that is read-only is noticed",
        "        if read_only:\n",
        "        if False:\n",
        (FAILURES + "test_a_file_system_that_became_read_only_is_a_failure",),
    ),
    Mutation(
        "local",
        "after a failure nothing is written",
        "        if self._failed:\n            raise StorageFailure",
        "        if False:\n            raise StorageFailure",
        (FAILURES + "test_a_failed_sync_is_never_asked_for_again",),
    ),
    Mutation(
        "writer",
        "a batch that fails is rolled back",
        'self._connection.execute("ROLLBACK")',
        "pass",
        (
            FULL
            + "test_where_the_reserve_does_not_help_everything_is_refused_and_can_be"
            "_retried",
        ),
    ),
    Mutation(
        "local",
        "below --min-free mail is refused",
        "full=free < self._min_free_bytes",
        "full=False",
        (FULL + "test_below_min_free_only_mail_is_refused_until_space_returns",),
    ),
    Mutation(
        "local",
        "the reserve is given away",
        "            self._reserve.give_below(free)\n",
        "",
        (FULL + "test_the_reserve_is_given_away_when_the_disk_is_full_and_taken_back",),
    ),
    Mutation(
        "local",
        "a commit without space takes the reserve",
        "if self._reserve.give():",
        "if False:",
        (
            FULL
            + "test_an_index_without_room_refuses_mail_and_takes_the_reserve_for_the"
            "_rest",
        ),
    ),
    Mutation(
        "lock",
        "two servers never share a store",
        "fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)",
        "pass",
        (LOCAL + "test_two_servers_never_share_a_store",),
    ),
    Mutation(
        "local",
        "a folder of somebody else is no store",
        "            require_free(self.layout)\n",
        "",
        (OPENING + "test_a_folder_of_somebody_else_is_refused_and_left_as_it_was",),
    ),
    Mutation(
        "local",
        "another format is refused",
        "if found != KNOWN:",
        "if False:",
        (LOCAL + "test_another_format_is_refused",),
    ),
    Mutation(
        "local",
        "an index of another format is refused",
        "if found != str(INDEX_FORMAT):",
        "if False:",
        (SALVAGE + "test_an_index_of_another_format_is_refused_by_a_start",),
    ),
    Mutation(
        "local",
        "a log without its index is set aside",
        "        self._set_log_aside()\n",
        "",
        (
            OPENING
            + "test_a_log_without_its_index_is_set_aside_and_never_poured_into_the"
            "_next",
        ),
    ),
    Mutation(
        "ledger",
        "the ledger ends where the index says",
        "    if not days or not days[-1].settled:\n",
        "    if False:\n",
        (RECOVERY + "test_a_ledger_that_is_gone_is_named",),
    ),
    Mutation(
        "ledger",
        "a line of nobody stops a start",
        "    if n not in unsettled:\n",
        "    if False:\n",
        (RECOVERY + "test_a_line_that_the_index_does_not_know_is_named",),
    ),
    Mutation(
        "plan",
        "the end of the ledger is cut at a start",
        "    cuts = [(day.path, day.settled, day.data) for day in seen.days]\n",
        "    cuts: list[tuple[Path, int, bytes]] = []\n",
        (
            RECOVERY + "test_whatever_a_cut_leaves_behind_the_settled_lines_is_written"
            "_anew",
        ),
    ),
    Mutation(
        "plan",
        "a list of removed messages is cut at a start",
        "        if path in seen.removals:\n",
        "        if False:\n",
        (FACTS + "test_t1_until_a_sync_what_may_be_left_only_grows",),
    ),
    Mutation(
        "ledger",
        "filing twice is filing once",
        "        if n <= end.n:\n",
        "        if False:\n",
        (RECOVERY + "test_filing_twice_is_filing_once",),
    ),
    Mutation(
        "messagefile",
        "the digest of a message is checked",
        "return digest_of(message) == message.digest",
        "return True",
        SPOILT,
    ),
    Mutation(
        "messagefile",
        "the md5 of a body is checked",
        "if body_hash(message.message) != message.hash:",
        "if False:",
        SPOILT,
    ),
    Mutation(
        "messagefile",
        "a message is under its own name",
        "    if message.id != id_:\n",
        "    if False:\n",
        (LOCAL + "test_a_letter_under_the_name_of_another_is_refused",),
    ),
    Mutation(
        "check_files",
        "nimsg check reads every message",
        "        file = decode_as(data, id_)\n    except",
        "        return\n    except",
        (ROT + "test_t9_every_flip_and_cut_of_a_message_file_is_found",),
    ),
    Mutation(
        "check_files",
        "nimsg check misses a message",
        '                say("is missing, and the index has the message")\n',
        "                pass\n",
        ("tests/store/test_check_files.py",),
    ),
    Mutation(
        "check_ledger",
        "nimsg check follows the chain",
        "        self.head = line_digest(spot.data)\n",
        "        self.head = decode_line(spot.data).prev\n",
        LINES,
    ),
    Mutation(
        "check_ledger",
        "nimsg check compares ledger and index",
        "        for what in replay.line(line):\n",
        "        for what in ():\n",
        ("tests/store/test_check_ledger.py",),
    ),
    Mutation(
        "backup",
        "a backup reads what it copies",
        "            decode_as(data, id_)\n        except FileNotFoundError:",
        "            pass\n        except FileNotFoundError:",
        (BACKUP + "test_a_damaged_message_is_named_and_given_up_in_the_copy",),
    ),
    Mutation(
        "backup",
        "a backup that was interrupted is not relied on",
        "(self._trusted or _is_sound(copy, id_))",
        "True",
        (BACKUP + "test_what_a_power_cut_left_is_not_relied_on",),
    ),
    Mutation(
        "backup",
        "a backup follows the chain",
        "            if why:\n                self._findings.file(path, count)(why)\n",
        "",
        (BACKUP + "test_a_damaged_ledger_is_named_and_copied",),
    ),
    Mutation(
        "backup",
        "a backup takes the server's certificate",
        "                self._put(self._target.tls / path.name, path.read_bytes())\n",
        "                pass\n",
        (BACKUP + "test_sec_6_the_own_certificate_is_restored_with_its_key",),
    ),
    Mutation(
        "places",
        "a backup goes over no store",
        "    if target.index.name in names:\n",
        "    if False:\n",
        (BACKUP + "test_a_folder_that_is_no_backup_of_this_store_is_refused",),
    ),
    Mutation(
        "places",
        "a backup goes into no folder of somebody else",
        "    foreign = sorted(names - set(_ours(target, marked=marked)))\n",
        "    foreign: list[str] = []\n",
        (BACKUP + "test_a_folder_that_is_no_backup_of_this_store_is_refused",),
    ),
    Mutation(
        "salvage",
        "an index with tables is not thrown away",
        "            if has_tables(connection):\n",
        "            if False:\n",
        (
            SALVAGE
            + "test_n12_receipts_that_the_ledger_lost_are_taken_from_the_old_index",
        ),
    ),
    Mutation(
        "server/owncert",
        "half a certificate is not written over",
        "        if any(there):\n",
        "        if False:\n",
        (
            "tests/server/test_tls.py::test_sec_6_half_of_the_own_certificate_is_never"
            "_written_over",
        ),
    ),
    Mutation(
        "server/owncert",
        "the certificate of a start that broke off is kept",
        "if self.cert.exists() or not self._coming.exists():",
        "if True:",
        (
            "tests/server/test_tls.py::test_sec_6_an_own_certificate_is_completed_after"
            "_a_crash",
        ),
    ),
    Mutation(
        "quarantine",
        "what cannot be used is kept",
        "        move_aside(self._disk, path, target)\n",
        "        self._disk.unlink(path)\n",
        (SALVAGE + "test_a_message_that_cannot_be_used_is_taken_aside",),
    ),
    Mutation(
        "core/mail",
        "a retry stores nothing",
        "    if facts.earlier is not None:\n        if facts.earlier != print_:\n"
        '            raise Refusal("client_id_conflict", data={"client_id": '
        "command.client_id})\n        return None\n    if command.reply_to",
        "    if command.reply_to",
        ("tests/server/test_retries.py::test_a_retry_gives_the_same_message",),
    ),
    Mutation(
        "core/mail",
        "another message under a client_id is refused",
        "        if facts.earlier != print_:\n"
        '            raise Refusal("client_id_conflict", data={"client_id": '
        "command.client_id})\n        return None\n    if command.reply_to",
        "        return None\n    if command.reply_to",
        (
            "tests/server/test_retries.py::test_another_message_under_the_client_id_is"
            "_a_conflict",
        ),
    ),
)

# Rows of the table of syncs that take a sync away themselves: what they work on is
# thrown away, or is synced as a whole at its end.
NOTHING_TO_REMOVE = {
    ("schema.connect_new", "synchronous"),
    ("snapshot._copy", "synchronous"),
}

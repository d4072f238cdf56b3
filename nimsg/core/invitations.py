"""Invitations: who may still make an account with one, and what ends it."""

from msgspec import Struct
from msgspec.structs import replace

from nimsg.core.commands import CreateInvitation, RevokeInvitation
from nimsg.errors import Refusal


class Invitation(Struct, frozen=True):
    """What admits one new account; `secret_hash` is a sha-256 in hex.

    `used_by` is the name of the account that was made with it.
    """

    id: str
    secret_hash: str
    label: str
    created_at: int
    expires_at: int | None = None
    used_at: int | None = None
    used_by: str | None = None
    revoked_at: int | None = None


def made_by(command: CreateInvitation, now: int) -> Invitation:
    """A new invitation."""
    return Invitation(
        command.id, command.secret_hash, command.label, now, command.expires_at
    )


def require_usable(invitation: Invitation | None, now: int) -> Invitation:
    """The invitation itself.

    Raises `Refusal("invitation_invalid")` where it is unknown, used, expired or
    revoked: strangers are not told which.
    """
    if (
        invitation is None
        or invitation.used_at is not None
        or invitation.revoked_at is not None
        or (invitation.expires_at is not None and invitation.expires_at <= now)
    ):
        raise Refusal("invitation_invalid")
    return invitation


def decide_use(invitation: Invitation | None, name: str, now: int) -> Invitation:
    """The invitation once the account `name` was made with it.

    Raises `Refusal("invitation_invalid")`.
    """
    return replace(require_usable(invitation, now), used_at=now, used_by=name)


def decide_revoke(
    invitation: Invitation | None, command: RevokeInvitation, now: int
) -> Invitation:
    """The invitation after its end; one that was revoked stays as it is.

    Raises `Refusal("unknown_invitation")`, for one that was used too.
    """
    if invitation is None:
        raise Refusal("unknown_invitation", data={"id": command.id})
    if invitation.used_at is not None:
        raise Refusal(
            "unknown_invitation",
            f"{invitation.used_by} has used this invitation already",
            {"id": command.id},
        )
    if invitation.revoked_at is not None:
        return invitation
    return replace(invitation, revoked_at=now)

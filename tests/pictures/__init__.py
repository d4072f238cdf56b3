"""The pictures of the documentation, made from the running program.

python -m tests.pictures              write docs/pictures/*.svg
python -m tests.pictures --screens    write the blocks of docs/screens.md
"""

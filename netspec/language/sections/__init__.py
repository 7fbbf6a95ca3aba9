"""The sections `data`, `train` and `expect`: their keys, what each takes, and the check of a document against them."""

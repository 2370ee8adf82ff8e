"""Parts of the `model.py` beside an exported model, which need neither jumok nor torch; see `model_file.py`."""

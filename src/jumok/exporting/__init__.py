"""Exports models to CTranslate2 and ONNX, with a proof that they answer alike and a program that asks them."""

"""What the two files of a model are called where they lie in a directory of their own."""

MODEL_FILE = "model.onnx"
MANIFEST_FILE = "manifest.json"

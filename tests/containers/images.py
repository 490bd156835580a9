"""The names of the images, as compose.yaml has them."""

import os

SERVER_IMAGE = os.environ.get("TOLLBOOK_SERVER_IMAGE", "valkey/valkey:9")
PRODUCT_IMAGE = f"tollbook:{os.environ.get('TOLLBOOK_TAG', 'dev')}"

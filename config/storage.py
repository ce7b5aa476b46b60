"""How documents are kept in a store that speaks S3."""

import importlib
from typing import Any

#: A file is put and fetched in pieces of this size, one after the other.
PIECE = 8 * 1024 * 1024


def s3_storage(
    bucket: str,
    *,
    endpoint: str = "",
    region: str = "",
    access_key: str = "",
    secret_key: str = "",
    prefix: str = "",
    addressing: str = "",
) -> dict[str, Any]:
    """
    Return what STORAGES says of a bucket; the libraries are only imported here.

    Not every store knows the checksums that boto3 adds by itself, so they are left out. Where the
    bucket stands in the address is a store's own matter: `addressing` is "path" or "virtual" (the
    bucket in the host's name). A store that does not answer is given up early, for people wait.
    """
    client = importlib.import_module("botocore.client")
    transfer = importlib.import_module("boto3.s3.transfer")
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": endpoint or None,
            "region_name": region or None,
            "access_key": access_key or None,
            "secret_key": secret_key or None,
            "location": prefix,
            "default_acl": None,
            "file_overwrite": True,
            # What is fetched lies on disk beyond a megabyte.
            "max_memory_size": 1024 * 1024,
            "transfer_config": transfer.TransferConfig(
                use_threads=False, multipart_threshold=PIECE, multipart_chunksize=PIECE
            ),
            "client_config": client.Config(
                signature_version="s3v4",
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                connect_timeout=5,
                read_timeout=30,
                retries={"total_max_attempts": 3, "mode": "standard"},
                s3={"addressing_style": addressing or ("path" if endpoint else "auto")},
            ),
        },
    }

"""Tokens as common/include/pia/token.h says, made without the project's code; most of them bad."""

import ctypes
import hashlib
import json
import os
import time

_sodium = ctypes.CDLL("libsodium.so.23")


def sign(seed, payload):
    public, secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
    _sodium.crypto_sign_seed_keypair(public, secret, seed)
    text = json.dumps(payload).encode()
    signature = ctypes.create_string_buffer(64)
    message = b"PIA-TOKEN-1" + text
    _sodium.crypto_sign_detached(signature, None, message, ctypes.c_ulonglong(len(message)), secret)
    key_id = hashlib.blake2b(public.raw, digest_size=32).digest()[:8]
    return b"\x01" + key_id + signature.raw + text


def payload(**members):
    now = int(time.time() * 1000)
    return {"sub": "/services/admin", "roles": 511, "pole": "*", "iat": now, "exp": now + 30000,
            **members}


def own_seed(network):
    """What the registry of this network signs with."""
    return bytes.fromhex((network.data / "token.key").read_text().split()[1])


def bad_tokens(network, other_seed=None):
    """{what is wrong: token}; `other_seed` is another network's."""
    seed, now, good = own_seed(network), int(time.time() * 1000), network.token()
    own = sign(seed, payload())
    return {
        "expired": sign(seed, payload(iat=now - 90000, exp=now - 30000)),
        "too long a life": sign(seed, payload(exp=now + 3600000)),
        "foreign key": sign(other_seed or os.urandom(32), payload()),
        "foreign key under our key's name": own[:9] + sign(os.urandom(32), payload())[9:],
        "another's signature": own[:73] + sign(seed, payload(sub="/services/other"))[73:],
        "changed payload": good[:-3] + bytes([good[-3] ^ 1]) + good[-2:],
        "changed signature": good[:20] + bytes([good[20] ^ 1]) + good[21:],
        "cut": good[:40],
        "zeros": bytes(200),
        "too long": good + b" " * 2000,
    }

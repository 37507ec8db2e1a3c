"""Checks a proof that a history is in the log; written from proto/README.md alone.
usage: check_proof.py PROOF.json [PUBLIC-KEY]        the key that the network has published, hexadecimal"""
import hashlib, json, sys  # noqa: E401
P = 2**255 - 19  # Ed25519, RFC 8032: the curve -x² + y² = 1 + d x² y², points as (x, y)
D, I, L = -121665 * pow(121666, -1, P) % P, pow(2, P // 4, P), 2**252 + 27742317777372353535851937790883648493

def point(octets):
    y = int.from_bytes(octets, "little") & 2**255 - 1
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * I % P
    assert y < P and x * x % P == square, "not a point of the curve"
    return (P - x if x & 1 != octets[31] >> 7 else x), y

def add(a, b):
    t = D * a[0] * b[0] * a[1] * b[1]
    return (a[0] * b[1] + a[1] * b[0]) * pow(1 + t, -1, P) % P, (a[1] * b[1] + a[0] * b[0]) * pow(1 - t, -1, P) % P

def times(n, a):
    half = times(n // 2, a) if n > 1 else (0, 1)
    return add(add(half, half), a) if n & 1 else add(half, half)

def signed(key, text, signature):
    r, s, base = signature[:32], int.from_bytes(signature[32:], "little"), (4 * pow(5, -1, P) % P).to_bytes(32, "little")
    h = int.from_bytes(hashlib.sha512(r + key + text).digest(), "little") % L
    return s < L and times(s, point(base)) == add(point(r), times(h, point(key)))

def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()

proof, octets = json.load(open(sys.argv[1], encoding="utf-8")), bytes.fromhex
chain, number = octets(proof["before"]), proof["first"] - 1
assert proof["format"] == "pia evidence 1" and (number or not any(chain)), "not the beginning of a history"
for number, item in enumerate(proof["entries"], number + 1):
    if "entry" in item:
        shown, content = item["entry"].encode(), json.loads(item["entry"])
        assert (content["matter"], content["number"]) == (proof["matter"], number), "an entry of another place"
        item["hash"] = hashlib.blake2b(shown, digest_size=32, key=octets(item["salt"])).hexdigest()
    chain = hashlib.blake2b(chain + octets(item["hash"]), digest_size=32).digest()
r = hashlib.sha256(f"\0{proof['matter']} {number} {chain.hex()}".encode()).digest()
f, s = proof["position"], proof["size"] - 1
for p in map(octets, proof["path"]):
    assert 0 <= f <= s != 0, "the path is too long"
    r, shift = (node(p, r), (f & -f).bit_length()) if f & 1 or f == s else (node(r, p), 1)
    f, s = f >> shift, s >> shift
assert f == s == 0 and r.hex() == proof["root"], "the path does not lead to the root"
text = f"pia evidence 1\n{proof['log']}\n{proof['size']}\n{proof['root']}\n".encode()
assert signed(octets(proof["key"]), text, octets(proof["signature"])), "the signature is not good"
assert proof["key"] in sys.argv[2:] or not sys.argv[2:], "signed with another key"
print(f"{proof['matter']}: {number} entries, in log {proof['log']} of {proof['size']}", "" if sys.argv[2:] else "(key not compared)")

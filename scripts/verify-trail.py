#!/usr/bin/env python3
"""Verifies an export of a Chairside trail (`chairside audit export`) and shares no code with Chairside.

usage: verify-trail.py EXPORT.ndjson [--key VERIFIER_KEY] [--checkpoints NOTES.txt]

Exit code 0: intact; 1: tampered with, and the first entry that shows it; 2: not usable. The standard library is enough.
Hashes are RFC 6962's, notes are C2SP tlog-checkpoints, signatures Ed25519 (RFC 8032, checked here with plain integers).
"""
import argparse
import base64
import hashlib
import json
import sys


class Tampered(Exception):
    """What is wrong, and the entry that shows it."""


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def node(left, right):
    return sha256(b"\x01", left, right)


class Tree:
    """A tree that grows leaf by leaf: the roots of its full subtrees, the largest first."""

    def __init__(self):
        self.size, self.peaks = 0, []

    def push(self, leaf):
        size, self.size = self.size, self.size + 1
        while size & 1:
            leaf = node(self.peaks.pop(), leaf)
            size >>= 1
        self.peaks.append(leaf)

    def root(self):
        if not self.peaks:
            return sha256()
        root = self.peaks[-1]
        for left in reversed(self.peaks[:-1]):
            root = node(left, root)
        return root


def included(leaf, index, size, proof, root):
    """RFC 9162 2.1.3.2."""
    if index >= size:
        return False
    at, last, found = index, size - 1, leaf
    for other in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = node(other, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node(found, other)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def consistent(old, old_root, new, new_root, proof):
    """RFC 9162 2.1.4.2."""
    if old > new or old < 1:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old & (old - 1) == 0:
        proof = [old_root] + proof
    if not proof:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    then = now = proof[0]
    for other in proof[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            then, now = node(other, then), node(other, now)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            now = node(now, other)
        at, last = at >> 1, last >> 1
    return last == 0 and then == old_root and now == new_root


# Ed25519, RFC 8032 5.1: verifying only, so nothing here is secret and plain integers will do.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT = pow(2, (P - 1) // 4, P)


def recover_x(y, sign):
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x & 1 != sign else x


def add(a, b):
    (ax, ay, az, at), (bx, by, bz, bt) = a, b
    e, f = (ay - ax) * (by - bx) % P, (ay + ax) * (by + bx) % P
    g, h = 2 * at * bt * D % P, 2 * az * bz % P
    e, f, g, h = f - e, h - g, h + g, f + e
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar, point):
    total = (0, 1, 1, 0)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x = recover_x(y, sign)
    return None if x is None else (x, y, 1, x * y % P)


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE_X = recover_x(BASE_Y, 0)
BASE = (BASE_X, BASE_Y, 1, BASE_X * BASE_Y % P)


def verifies(key, message, signature):
    point, other = decompress(key), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if point is None or other is None or s >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, BASE), add(other, times(challenge, point))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


def read_key(text):
    """The 32 bytes in `name+id+base64(0x01 key)`."""
    for cut in (at for at, c in enumerate(text) if c == "+"):
        name, rest = text[:cut], text[cut + 1:]
        identity, plus, encoded = rest.partition("+")
        try:
            key = base64.b64decode(encoded, validate=True)
        except ValueError:
            continue
        if plus and key[:1] == b"\x01" and sha256(name.encode(), b"\n", key)[:4].hex() == identity:
            return key[1:]
    raise ValueError("this is no verifier key")


def read_note(note, clinic, key):
    """Size and root of a signed note of this clinic's trail."""
    try:
        text, signatures = note.split("\n\n", 1)
        origin, size, root = text.split("\n")
        size, root = int(size), base64.b64decode(root, validate=True)
    except ValueError:
        raise Tampered("a checkpoint is no signed note") from None
    if not origin.endswith("/" + clinic):
        raise Tampered(f"checkpoint of {size} entries: of another trail")
    if key is not None:
        identity = sha256(origin.encode(), b"\n\x01", key)[:4]
        for line in signatures.splitlines():
            name, _, encoded = line.removeprefix("\u2014 ").rpartition(" ")
            signed = base64.b64decode(encoded)
            if name == origin and signed[:4] == identity and verifies(key, (text + "\n").encode(), signed[4:]):
                return size, root
        raise Tampered(f"checkpoint of {size} entries: not signed by the key")
    return size, root


def verify(lines, key, notes):
    if not lines or lines[0].get("type") != "trail" or lines[0].get("v") != 1:
        raise ValueError("this is no export of a trail")
    clinic = lines[0]["clinic_id"]
    notes = [note for note in notes if note.split("\n")[0].endswith("/" + clinic)]
    notes += [line["note"] for line in lines if line["type"] == "checkpoint"]
    roots = {}
    for note in notes:
        size, root = read_note(note, clinic, key)
        if roots.setdefault(size, root) != root:
            raise Tampered(f"checkpoint of {size} entries: two of them differ")
    tree, leaves, sealed, before = Tree(), [], 0, ""
    for line in (line for line in lines if line["type"] == "entry"):
        seq, body = tree.size + 1, line["body"].encode()
        if line["seq"] != seq:
            raise Tampered(f"entry {seq}: " + ("removed" if line["seq"] > seq else "inserted"))
        leaf = sha256(b"\x00", body)
        if leaf.hex() != line["leaf_sha256"]:
            raise Tampered(f"entry {seq}: altered: its body is not what was hashed")
        said = json.loads(body)
        if said["seq"] != seq:
            raise Tampered(f"entry {seq}: swapped: its body was written under another number")
        if said["ts"] < before:
            raise Tampered(f"entry {seq}: altered: it is older than the entry before it")
        before = said["ts"]
        tree.push(leaf)
        leaves.append(leaf)
        if roots.get(seq, tree.root() if seq in roots else None) != (tree.root() if seq in roots else None):
            raise Tampered(f"entry {sealed + 1}: altered: one up to {seq} is not the one that was signed")
        sealed = seq if seq in roots else sealed
    if max([lines[0]["size"], *roots]) > tree.size:
        raise Tampered(f"entry {tree.size + 1}: rolled back: the trail ends before it")
    if lines[0]["size"] < tree.size:
        raise Tampered(f"entry {lines[0]['size'] + 1}: inserted: the trail was counted shorter")
    for line in lines:
        if line["type"] in ("inclusion", "consistency"):
            proof, size = [bytes.fromhex(text) for text in line["proof_sha256"]], line["size"]
            root, old = roots.get(size), line.get("from")
            if line["type"] == "inclusion":
                at = line["seq"]
                good = root and 0 < at <= tree.size and included(leaves[at - 1], at - 1, size, proof, root)
            else:
                at = old
                good = root and old in roots and consistent(old, roots[old], size, root, proof)
            if not good:
                raise Tampered(f"entry {at}: altered: a proof about it proves nothing")
    return tree, sealed


def split_notes(text):
    blocks = [block.strip("\n") for block in text.split("\n\n") if block.strip()]
    return [f"{blocks[at]}\n\n{blocks[at + 1]}\n" for at in range(0, len(blocks) - 1, 2)]


def main():
    parser = argparse.ArgumentParser(description="Verifies an export of a Chairside trail.")
    parser.add_argument("export")
    parser.add_argument("--key", help="the verifier key; without it signatures are not checked")
    parser.add_argument("--checkpoints", help="a file of checkpoints that was kept elsewhere")
    given = parser.parse_args()
    try:
        with open(given.export, encoding="utf-8") as export:
            lines = [json.loads(line) for line in export]
        notes = []
        if given.checkpoints:
            with open(given.checkpoints, encoding="utf-8") as kept:
                notes = split_notes(kept.read())
        tree, sealed = verify(lines, read_key(given.key) if given.key else None, notes)
    except Tampered as what:
        print(what)
        return 1
    except (OSError, ValueError, KeyError, TypeError) as what:
        print(f"not usable: {what}", file=sys.stderr)
        return 2
    print(f"intact: {tree.size} entries, {sealed} of them signed; root {tree.root().hex()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Verifies exports of a Chairside trail (`chairside audit export`) or proofs of single entries (`chairside audit prove`),
and shares no code with Chairside.

usage: verify-trail.py [--key VERIFIER_KEY] [--since NOTES.txt] EXPORT.ndjson ...
       verify-trail.py [--key VERIFIER_KEY] --proof ENTRY.tlog-proof ...

Exit code 0: intact; 1: tampered with, and the first entry that shows it; 2: not usable. The standard library is enough.
Hashes are RFC 6962's, notes are C2SP tlog-checkpoints, signatures Ed25519 (RFC 8032, checked here with plain integers).
"""
import argparse
import base64
import hashlib
import json
import re
import sys


class Tampered(Exception):
    """What is wrong, and the entry that shows it."""

    def __init__(self, seq, fault, text):
        super().__init__(f"entry {seq}: {fault}: {text}")


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
    if not 0 <= index < size:
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
    if len(signature) != 64 or point is None or other is None or s >= L:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + key + message).digest(), "little") % L
    left, right = times(s, BASE), add(other, times(challenge, point))
    return not ((left[0] * right[2] - right[0] * left[2]) % P or (left[1] * right[2] - right[1] * left[2]) % P)


def unbase64(text):
    """Exactly what an encoder writes: no other alphabet, no loose bits."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("this is no base64")
    return data


def hash_of(text):
    """32 bytes in hexadecimal, or nothing."""
    return bytes.fromhex(text) if isinstance(text, str) and re.fullmatch(r"[0-9a-fA-F]{64}", text) else None


def read_key(text):
    """The 32 bytes in `name+id+base64(0x01 key)`."""
    for cut in (at for at, c in enumerate(text) if c == "+"):
        name, rest = text[:cut], text[cut + 1:]
        identity, plus, encoded = rest.partition("+")
        try:
            key = unbase64(encoded)
        except ValueError:
            continue
        if plus and key[:1] == b"\x01" and sha256(name.encode(), b"\n", key)[:4].hex() == identity:
            return key[1:]
    raise ValueError("this is no verifier key")


def read_note(note, key):
    """Origin, size and root of a signed note, and whether the key signed it (without a key: whether it is a note)."""
    text, signatures = note.split("\n\n", 1)
    origin, size, root = text.split("\n")
    if not origin or not re.fullmatch(r"0|[1-9][0-9]*", size):
        raise ValueError("a size is no number")
    root, good, lines = unbase64(root), key is None, signatures.split("\n")
    if lines[-1] == "":
        lines.pop()
    if len(root) != 32 or not lines:
        raise ValueError("a root is no hash, or nobody signed it")
    for line in lines:
        mark, name, encoded = line.split(" ", 2)
        signed = unbase64(encoded)
        if mark != "\u2014" or len(signed) != 68:
            raise ValueError("a line is no signature")
        if key is not None and name == origin and signed[:4] == sha256(origin.encode(), b"\n\x01", key)[:4]:
            good = good or verifies(key, (text + "\n").encode(), signed[4:])
    return origin, int(size), root, good


def is_text(value):
    return isinstance(value, str)


def is_number(value):
    return isinstance(value, int) and not isinstance(value, bool)


def read_body(body):
    """The parts of an entry that are looked at; nothing when it is none."""
    try:
        said = json.loads(body)
        whole = all(is_text(said[name]) for name in ("ts", "action", "outcome", "request_id"))
        whole = whole and is_number(said["seq"]) and said["seq"] >= 0 and isinstance(said["actor"], dict)
        whole = whole and all(said.get(name) is None or is_text(said[name]) for name in ("clinic_id", "patient_id"))
        return said if whole else None
    except (ValueError, KeyError, TypeError):
        return None


class Trail:
    """One trail, held against its checkpoints entry by entry."""

    def __init__(self, clinic, key):
        self.clinic, self.key = clinic, key
        self.tree, self.leaves, self.roots, self.sealed, self.before = Tree(), [], {}, 0, ""
        self.known = []

    def vouch(self, note):
        try:
            origin, size, root, good = read_note(note, self.key)
        except ValueError:
            raise Tampered(0, "checkpoint", "it is no signed note") from None
        if not origin.endswith("/" + self.clinic):
            raise Tampered(size, "checkpoint", "this checkpoint is of another trail")
        if not good:
            raise Tampered(size, "checkpoint", "this checkpoint is not signed by the key")
        self.known.append((size, root))

    def begin(self):
        if self.known is not None:
            for size, root in self.known:
                if self.roots.setdefault(size, root) != root:
                    raise Tampered(size, "checkpoint", "two checkpoints of this size differ")
            self.known = None

    def take(self, line):
        kind, seq = line["type"], self.tree.size + 1
        if kind == "checkpoint":
            if self.known is None:
                raise Tampered(0, "checkpoint", "a checkpoint stands behind the entries")
            self.vouch(line.get("note") or "")
        elif kind in ("entry", "leaf"):
            leaf = hash_of(line.get("leaf_sha256"))
            if leaf is None:
                raise Tampered(seq, "altered", "its leaf is no hash")
            self.begin()
            number = line.get("seq") or 0
            if number != seq:
                raise Tampered(seq, "removed" if number > seq else "inserted", "its number is not the next one")
            if kind == "entry":
                self.read(seq, line.get("body") or "", leaf)
            self.tree.push(leaf)
            self.leaves.append(leaf)
            if seq in self.roots:
                if self.roots[seq] != self.tree.root():
                    raise Tampered(self.sealed + 1, "altered", f"an entry up to {seq} is not the one that was signed")
                self.sealed = seq
        elif kind in ("consistency", "inclusion"):
            if not self.proves(line):
                raise Tampered(line.get("from") or line.get("seq") or 0, "altered", "a proof about it proves nothing")
        else:
            raise Tampered(seq, "inserted", "there is a line of no kind of ours")

    def read(self, seq, body, leaf):
        if sha256(b"\x00", body.encode()) != leaf:
            raise Tampered(seq, "altered", "its body is not what was hashed")
        said = read_body(body)
        if said is None:
            raise Tampered(seq, "altered", "its body cannot be read")
        if said["seq"] != seq:
            raise Tampered(seq, "swapped", "its body was written under another number")
        if (said.get("clinic_id") or str(NIL)) != self.clinic:
            raise Tampered(seq, "swapped", "it is an entry of another trail")
        if said["ts"] < self.before:
            raise Tampered(seq, "altered", "it is older than the entry before it")
        self.before = said["ts"]

    def proves(self, line):
        roots = self.roots if self.known is None else dict(self.known)
        proof = [hash_of(text) for text in line.get("proof_sha256", [])]
        root, old = roots.get(line.get("size")), line.get("from")
        if root is None or None in proof:
            return False
        if old is not None:
            return old in roots and consistent(old, roots[old], line["size"], root, proof)
        at = (line.get("seq") or 0) - 1
        return 0 <= at < len(self.leaves) and included(self.leaves[at], at, line["size"], proof, root)

    def finish(self, counted):
        self.begin()
        size, signed = self.tree.size, max(self.roots, default=0)
        if signed > size:
            raise Tampered(size + 1, "rolled back", f"the trail ends here, but had {signed} entries when it was signed")
        if counted > size:
            raise Tampered(size + 1, "rolled back", "the trail ends here, but its head counts more")
        if counted < size:
            raise Tampered(counted + 1, "inserted", "the head counts fewer entries")
        return f"intact: {size} entries, {self.sealed} of them signed; root {self.tree.root().hex()}"


NIL = "00000000-0000-0000-0000-000000000000"
TEXTS, NUMBERS = ("type", "clinic_id", "leaf_sha256", "body", "note"), ("v", "size", "seq", "from")


def read_line(text):
    """A line whose parts are of the types they have to be."""
    line = json.loads(text)
    if not isinstance(line, dict) or not is_text(line.get("type")):
        raise ValueError("a line is no JSON of ours")
    texts = all(line.get(name) is None or is_text(line[name]) for name in TEXTS)
    numbers = all(line.get(name) is None or is_number(line[name]) for name in NUMBERS)
    proof = line.get("proof_sha256", [])
    if not texts or not numbers or not isinstance(proof, list) or not all(map(is_text, proof)):
        raise ValueError("a line is no JSON of ours")
    return line


def verify_export(path, key, notes):
    with open(path, encoding="utf-8", newline="\n") as export:
        first = read_line(export.readline())
        if first["type"] != "trail" or first.get("v") != 1 or not is_number(first.get("size")):
            raise ValueError("this is no export of a trail")
        trail = Trail(first["clinic_id"], key)
        for note in notes:
            if note.split("\n")[0].endswith("/" + trail.clinic):
                trail.vouch(note)
        for text in export:
            trail.take(read_line(text))
        return trail.finish(first["size"])


def verify_proof(path, key):
    with open(path, encoding="utf-8", newline="\n") as proof:
        head, note = proof.read().split("\n\n", 1)
    lines = head.split("\n")
    try:
        if lines[0] != "c2sp.org/tlog-proof@v1":
            raise ValueError("this is no proof")
        body, index = unbase64(lines[1].removeprefix("extra ")), int(lines[2].removeprefix("index "))
        path, (origin, size, root, good) = [unbase64(line) for line in lines[3:]], read_note(note, key)
    except (ValueError, IndexError):
        raise Tampered(0, "altered", "the proof proves nothing") from None
    if not good or not included(sha256(b"\x00", body), index, size, path, root):
        raise Tampered(index + 1, "altered", "the proof proves nothing, or its checkpoint is not signed by the key")
    return f"intact: one of the {size} entries of {origin}\n{body.decode()}"


def split_notes(text):
    blocks = [block.strip("\n") for block in text.split("\n\n") if block.strip()]
    return [f"{blocks[at]}\n\n{blocks[at + 1]}\n" for at in range(0, len(blocks) - 1, 2)]


def main():
    parser = argparse.ArgumentParser(description="Verifies exports of a Chairside trail, or proofs of single entries.")
    parser.add_argument("file", nargs="+")
    parser.add_argument("--proof", action="store_true", help="the files are proofs of single entries")
    parser.add_argument("--key", help="the verifier key; without it signatures are not checked")
    parser.add_argument("--since", help="a file of checkpoints that was kept elsewhere")
    given, worst = parser.parse_args(), 0
    for path in given.file:
        try:
            key, notes = read_key(given.key) if given.key else None, []
            if given.since:
                with open(given.since, encoding="utf-8", newline="\n") as kept:
                    notes = split_notes(kept.read())
            print(verify_proof(path, key) if given.proof else verify_export(path, key, notes))
        except Tampered as what:
            print(what)
            worst = max(worst, 1)
        except (OSError, ValueError, KeyError, TypeError) as what:
            print(f"not usable: {what}")
            worst = max(worst, 2)
    return worst


if __name__ == "__main__":
    sys.exit(main())

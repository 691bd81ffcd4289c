//! The Merkle tree over a trail's leaves, as RFC 6962 has it: a root that stands for every entry, a short proof that
//! one entry is in it, and a short proof that a longer trail begins with a shorter one.

use sha2::{Digest as _, Sha256};

/// A leaf, a node or a root.
pub type Hash = [u8; 32];

/// The hash of a node: `SHA-256(0x01 ‖ left ‖ right)`.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The right edge of a tree: the roots of its full subtrees, the largest first. With it a tree grows without its old
/// leaves; there are as many as the size has binary ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// Of a tree of this size; none when the peaks are not as many as it has.
    pub fn of(size: u64, peaks: Vec<Hash>) -> Option<Self> {
        (u32::try_from(peaks.len()).ok()? == size.count_ones()).then_some(Self { size, peaks })
    }

    /// How many leaves it has.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of its full subtrees, the largest first.
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Adds a leaf.
    pub fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        // Each one at the end of the old size is a full subtree that the new leaf completes to one twice as large.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// The root. An empty tree's is the hash of nothing.
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return Sha256::digest([]).into() };
        peaks.fold(*last, |right, left| node(left, &right))
    }
}

/// The root over these leaves.
pub fn root(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.root()
}

/// The largest power of two below `n`, for `n` of two and more.
const fn split(n: usize) -> usize {
    match n {
        0..=2 => 1,
        n => 1 << (n - 1).ilog2(),
    }
}

/// That the leaf at `index` is under the root of `leaves` (RFC 6962 2.1.1), the nearest hash first. None when there is
/// no such leaf.
pub fn inclusion(leaves: &[Hash], index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    if leaves.len() == 1 {
        return Some(Vec::new());
    }
    let (left, right) = leaves.split_at_checked(split(leaves.len()))?;
    let (mut proof, other) = if index < left.len() {
        (inclusion(left, index)?, root(right))
    } else {
        (inclusion(right, index - left.len())?, root(left))
    };
    proof.push(other);
    Some(proof)
}

/// That the tree over `leaves` begins with the tree over its first `old` (RFC 6962 2.1.2). Empty for an empty or an
/// equal old tree; none when the old tree is the larger one.
pub fn consistency(leaves: &[Hash], old: usize) -> Option<Vec<Hash>> {
    match old {
        old if old > leaves.len() => None,
        0 => Some(Vec::new()),
        old => subproof(leaves, old, true),
    }
}

fn subproof(leaves: &[Hash], old: usize, whole: bool) -> Option<Vec<Hash>> {
    if old == leaves.len() {
        return Some(if whole { Vec::new() } else { vec![root(leaves)] });
    }
    let (left, right) = leaves.split_at_checked(split(leaves.len()))?;
    let (mut proof, other) = if old <= left.len() {
        (subproof(left, old, whole)?, root(right))
    } else {
        (subproof(right, old - left.len(), false)?, root(left))
    };
    proof.push(other);
    Some(proof)
}

/// Whether a proof shows that `leaf` is the one at `index` of the tree of `size` leaves with this root (RFC 9162
/// 2.1.3.2).
pub fn proves_inclusion(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for other in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node(other, &hash);
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            hash = node(&hash, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == *root
}

/// Whether a proof shows that the tree of the new size and root begins with that of the old ones (RFC 9162 2.1.4.2).
pub fn proves_consistency(old: (u64, &Hash), new: (u64, &Hash), proof: &[Hash]) -> bool {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size > new_size || (old_size == new_size && old_root != new_root) {
        return false;
    }
    if old_size == 0 || old_size == new_size {
        return proof.is_empty() && (old_size != 0 || *old_root == root(&[]));
    }
    // An old tree that is one full subtree is where the climb begins, and the proof leaves it out.
    let (first, rest) = if old_size.is_power_of_two() {
        (*old_root, proof)
    } else {
        match proof.split_first() {
            Some((first, rest)) => (*first, rest),
            None => return false,
        }
    };
    let (mut at, mut last) = (old_size - 1, new_size - 1);
    while at & 1 == 1 {
        (at, last) = (at >> 1, last >> 1);
    }
    let (mut then, mut now) = (first, first);
    for other in rest {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            (then, now) = (node(other, &then), node(other, &now));
            while at & 1 == 0 && at != 0 {
                (at, last) = (at >> 1, last >> 1);
            }
        } else {
            now = node(&now, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && then == *old_root && now == *new_root
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::audit_entry::{hex, leaf_hash};
    use proptest::prelude::*;

    /// The eight leaves of the reference implementation of RFC 6962.
    const REFERENCE: [&[u8]; 8] = [
        b"",
        b"\x00",
        b"\x10",
        b"\x20\x21",
        b"\x30\x31",
        b"\x40\x41\x42\x43",
        b"\x50\x51\x52\x53\x54\x55\x56\x57",
        b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
    ];

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    /// MTH as the RFC writes it, by halves.
    fn by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Sha256::digest([]).into(),
            [one] => *one,
            many => {
                let (left, right) = many.split_at(split(many.len()));
                node(&by_definition(left), &by_definition(right))
            }
        }
    }

    #[test]
    fn the_roots_are_those_of_the_reference() {
        let leaves: Vec<Hash> = REFERENCE.iter().map(|data| leaf_hash(data)).collect();
        assert_eq!(hex(&root(&[])), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(&root(&leaves[..1])), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hex(&root(&leaves)), "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328");
    }

    /// The roots of security.md 4.3.
    #[test]
    fn the_roots_over_the_trail_s_own_vectors_match() {
        let leaves: Vec<Hash> = [
            "32e1431225edd4a53827c5ba8bffd529f735775cd610115657cfdd3d487f0b8c",
            "5a63efe7dfbf73aa1a34f0242b2286421c9c30c5f25ade4fe7017955a71852d6",
            "f7ab8016dbdb02f3892d25789d4717e55784db25bf51d1bb13fe9053276133db",
        ]
        .iter()
        .map(|text| crate::domain::digest::Sha256::parse(text).unwrap().0)
        .collect();
        assert_eq!(hex(&root(&leaves[..2])), "2da01e1abf6581b3e3eed4fa061db1af234582f1f93920bed4c0543d8f093312");
        assert_eq!(hex(&root(&leaves)), "d23e50ddae199132c05721e48675aefa5aaf8c9014c7890b03c2e84f1020ee44");
    }

    #[test]
    fn every_leaf_of_every_small_tree_has_a_proof_and_every_start_of_it_too() {
        for size in 0..=33 {
            let leaves = leaves(size);
            let whole = root(&leaves);
            assert_eq!(whole, by_definition(&leaves));
            for index in 0..size {
                let proof = inclusion(&leaves, index).unwrap();
                let holds = |at: usize| proves_inclusion(leaves[index], at as u64, size as u64, &proof, &whole);
                assert!(holds(index), "{index} of {size}");
                assert!((0..size).all(|other| other == index || !holds(other)), "{index} of {size} is elsewhere too");
            }
            assert_eq!(inclusion(&leaves, size), None);
            for old in 0..=size {
                let proof = consistency(&leaves, old).unwrap();
                let before = root(&leaves[..old]);
                let (then, now) = ((old as u64, &before), (size as u64, &whole));
                assert!(proves_consistency(then, now, &proof), "{old} to {size}");
                let other = leaf_hash(b"another");
                assert!(!proves_consistency((old as u64, &other), now, &proof), "{old} to {size}, another start");
            }
            assert_eq!(consistency(&leaves, size + 1), None);
        }
    }

    proptest! {
        #[test]
        fn a_tree_grown_leaf_by_leaf_is_the_tree(count in 0_usize..300, cut in 0_usize..300) {
            let leaves = leaves(count);
            let mut frontier = Frontier::default();
            for leaf in leaves.iter().take(cut) {
                frontier.push(*leaf);
            }
            let mut frontier = Frontier::of(frontier.size(), frontier.peaks().to_vec()).unwrap();
            for leaf in leaves.iter().skip(cut) {
                frontier.push(*leaf);
            }
            prop_assert_eq!((frontier.size(), frontier.root()), (count as u64, by_definition(&leaves)));
            prop_assert_eq!(Frontier::of(frontier.size() + 1, frontier.peaks().to_vec()).is_some(), (count + 1).count_ones() == count.count_ones());
        }

        #[test]
        fn a_changed_leaf_proof_or_root_proves_nothing(count in 2_usize..200, at in any::<prop::sample::Index>(), bit in 0_usize..256) {
            let leaves = leaves(count);
            let index = at.index(count);
            let (proof, whole) = (inclusion(&leaves, index).unwrap(), root(&leaves));
            let flip = |hash: &Hash| { let mut hash = *hash; hash[bit / 8] ^= 1 << (bit % 8); hash };
            let holds = |leaf, proof: &[Hash], root: &Hash| proves_inclusion(leaf, index as u64, count as u64, proof, root);
            prop_assert!(!holds(flip(&leaves[index]), &proof, &whole));
            prop_assert!(!holds(leaves[index], &proof, &flip(&whole)));
            for step in 0..proof.len() {
                let mut bent = proof.clone();
                bent[step] = flip(&bent[step]);
                prop_assert!(!holds(leaves[index], &bent, &whole));
            }
            prop_assert!(!holds(leaves[index], &proof[1..], &whole));
            let old = index + 1;
            let proof = consistency(&leaves, old).unwrap();
            let before = root(&leaves[..old]);
            for step in 0..proof.len() {
                let mut bent = proof.clone();
                bent[step] = flip(&bent[step]);
                prop_assert!(!proves_consistency((old as u64, &before), (count as u64, &whole), &bent));
            }
        }
    }
}

//! Consent: forms published, presented, signed, withdrawn, and asked about.

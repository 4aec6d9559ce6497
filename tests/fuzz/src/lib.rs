//! What fuzz targets share.

use sha2::{Digest, Sha256};

/// The six characters that end a plain key which begins with `text`: base 62 of SHA-256's first eight bytes.
pub fn checksum(text: &str) -> String {
    const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let digest = Sha256::digest(text.as_bytes());
    let mut number = digest[..8].iter().fold(0u64, |number, byte| (number << 8) | u64::from(*byte));
    let mut digits = String::new();
    for _ in 0..6 {
        digits.push(char::from(DIGITS[(number % 62) as usize]));
        number /= 62;
    }
    digits
}

#[test]
fn the_checksum_is_the_products_own() {
    let text = "hb_prod_abc123def456789012345678901234";
    assert!(hb_domain::ApiKey::parse(&format!("{text}{}", checksum(text))).is_some());
}

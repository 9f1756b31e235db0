//! How a picture stands, as its EXIF says (CIPA DC-008, 4.6.4 A). The standard stores that as SHORT; some
//! programs write LONG.

use image::metadata::Orientation;

/// Tag of the orientation, and the types that it is stored as.
const ORIENTATION: u16 = 0x112;
const SHORT: u16 = 3;
const LONG: u16 = 4;
/// Bytes of an entry.
const ENTRY: usize = 12;

/// The orientation in a picture's EXIF; none where it is not said, or damaged.
pub fn orientation(exif: &[u8]) -> Option<Orientation> {
    let big = match exif.get(..4)? {
        b"MM\0*" => true,
        b"II*\0" => false,
        _ => return None,
    };
    let number = |at: usize, bytes: usize| -> Option<u64> {
        let bytes = exif.get(at..at.checked_add(bytes)?)?;
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        Some(if big { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) })
    };
    let first = number(4, 4)? as usize;
    let count = number(first, 2)? as usize;
    let entry = |k: usize| first + 2 + ENTRY * k;
    let at = (0..count).map(entry).find(|&at| number(at, 2) == Some(u64::from(ORIENTATION)))?;
    let (kind, how_many) = (number(at + 2, 2)?, number(at + 4, 4)?);
    let bytes = [(SHORT, 2), (LONG, 4)].into_iter().find(|(of, _)| u64::from(*of) == kind)?.1;
    let value = number(at + 8, bytes).filter(|_| how_many == 1)?;
    Orientation::from_exif(u8::try_from(value).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exif(big: bool, kind: u16, value: &[u8]) -> Vec<u8> {
        let two = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let four = |n: u32| if big { n.to_be_bytes() } else { n.to_le_bytes() };
        let head: &[u8] = if big { b"MM\0*" } else { b"II*\0" };
        // Another entry before it.
        let other = [&two(0x110)[..], &two(2), &four(1), &[0; 4]].concat();
        let own = [&two(ORIENTATION)[..], &two(kind), &four(1), value].concat();
        [head, &four(8), &two(2), &other, &own].concat()
    }

    #[test]
    fn short_and_long_are_read_in_both_orders() {
        let rotated = Some(Orientation::Rotate90);
        assert_eq!(orientation(&exif(true, SHORT, &[0, 6, 0, 0])), rotated);
        assert_eq!(orientation(&exif(true, LONG, &[0, 0, 0, 6])), rotated);
        assert_eq!(orientation(&exif(false, SHORT, &[6, 0, 0, 0])), rotated);
        assert_eq!(orientation(&exif(false, LONG, &[6, 0, 0, 0])), rotated);
        assert_eq!(orientation(&exif(true, SHORT, &[0, 9, 0, 0])), None);
        assert_eq!(orientation(&exif(true, LONG, &[1, 0, 0, 6])), None);
        assert_eq!(orientation(&exif(true, 2, &[0, 6, 0, 0])), None);
    }

    #[test]
    fn what_is_cut_off_says_nothing() {
        let whole = exif(true, LONG, &[0, 0, 0, 6]);
        assert!((0..whole.len()).all(|end| orientation(&whole[..end]).is_none()));
        assert_eq!(orientation(b"MM\0*\xff\xff\xff\xff"), None);
        assert_eq!(orientation(b"MM\0*\0\0\0\x08\xff\xff"), None);
    }
}

use super::*;

const MOST: u64 = 1 << 30;

/// The JPEG files of tests/goldens/make_pictures.py.
fn files() -> Vec<(String, Vec<u8>)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/pictures.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let goldens = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let jpeg = |name: &String| name.starts_with("jpeg") && !name.contains('.');
    let named =
        |(name, view): (String, safetensors::tensor::TensorView)| (name, view.data().to_vec());
    goldens.tensors().into_iter().filter(|(name, _)| jpeg(name)).map(named).collect()
}

fn fault(bytes: &[u8]) -> Option<Fault> {
    read(bytes, MOST).err()
}

/// Where the data of the last scan begin.
fn last_scan(bytes: &[u8]) -> usize {
    let (mut at, mut last) = (2, 0);
    while let Some((code, behind)) = markers::next(bytes, at) {
        at = behind;
        if !markers::stands_alone(code) && code != markers::END {
            at += 2 + markers::segment(bytes, at).unwrap().len();
        }
        if code == markers::SCAN {
            last = at;
        }
    }
    last
}

#[test]
fn what_is_whole_is_taken_and_what_is_cut_is_not() {
    let files = files();
    assert!(files.len() > 20);
    let mut coarse = 0;
    for (name, bytes) in files {
        let whole = read(&bytes, MOST).unwrap();
        assert_eq!(whole.doubt, None, "{name}");
        let end = bytes.len() - 2;
        let unended = read(&bytes[..end], MOST).unwrap();
        assert_eq!(unended.doubt, Some(Doubt::NoEnd), "{name}");
        assert!(unended.bytes == whole.bytes, "{name}");
        // The last code may leave only bits that fill up its byte; one byte less is too few.
        let last_byte = end - if bytes[end - 1] == 0 && bytes[end - 2] == 0xff { 2 } else { 1 };
        for length in 2..=last_byte {
            let glued = [&bytes[..length], &[0xff, markers::END]].concat();
            assert!(fault(&bytes[..length]).is_some(), "{name}, {length} of {}", bytes.len());
            let found = read(&glued, MOST).map(|whole| whole.doubt);
            if length > last_scan(&bytes) {
                assert_eq!(found, Err(Fault::Cut), "{name}, {length} of {}", bytes.len());
            } else {
                assert_ne!(found, Ok(None), "{name}, {length} of {}", bytes.len());
                coarse += usize::from(found == Ok(Some(Doubt::Coarse)));
            }
        }
    }
    assert!(coarse > 10, "progressive pictures that end between two scans");
}

#[test]
fn what_stands_behind_the_end_is_nothing() {
    for (name, bytes) in files() {
        let whole = read(&bytes, MOST).unwrap();
        for behind in [&b"\0\0\0\x18ftypmp42\xff\xda\0\x08"[..], &bytes, &[0xff], &[0; 100]] {
            let more = read(&[&bytes, behind].concat(), MOST).unwrap();
            assert!(more.bytes == whole.bytes && more.doubt.is_none(), "{name}");
        }
    }
}

#[test]
fn large_pictures_are_refused_before_anything_is_kept_of_them() {
    for (name, mut bytes) in files() {
        let frame = (2..bytes.len())
            .find(|&at| [[0xff, 0xc0], [0xff, 0xc2]].contains(&[bytes[at], bytes[at + 1]]));
        bytes[frame.unwrap() + 5..frame.unwrap() + 9].fill(0xff);
        let Some(Fault::Large(memory)) = fault(&bytes) else { panic!("{name}") };
        assert!(memory >= 65_535 * 65_535, "{name}");
    }
}

#[test]
fn damage_inside_is_found_or_doubted() {
    for (name, bytes) in files() {
        let end = bytes.len() - 2;
        let more = [&bytes[..end], &[0x12, 0x34, 0x56], &bytes[end..]].concat();
        assert_eq!(read(&more, MOST).unwrap().doubt, Some(Doubt::Surplus), "{name}");
        // A fill byte before a marker is none.
        let filled = [&bytes[..end], &[0xff], &bytes[end..]].concat();
        assert_eq!(read(&filled, MOST).unwrap().doubt, None, "{name}");
        let restarts: Vec<usize> = (last_scan(&bytes)..end)
            .filter(|&at| bytes[at] == 0xff && markers::is_restart(bytes[at + 1]))
            .collect();
        assert_eq!(!restarts.is_empty(), name.contains("restarts"), "{name}");
        if let [first, second, ..] = restarts[..] {
            // An interval that is gone.
            let gone = [&bytes[..first], &bytes[second..]].concat();
            assert_eq!(fault(&gone), Some(Fault::Code), "{name}");
        }
    }
}

/// Whatever the bytes, an answer comes.
#[test]
fn damage_is_no_panic() {
    for (_, bytes) in files() {
        for at in 2..bytes.len() {
            for value in [0, 0xff, bytes[at] ^ 0x11] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = read(&damaged, 1 << 24);
            }
        }
    }
}

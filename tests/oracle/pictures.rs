//! Picture files as Pillow reads them: tests/goldens/make_pictures.py.

use rnetc::data::{Extent, picture};

/// Two decoders may round the inverse transform, the upsampling of colours and the change of
/// colours by one each, and the last multiplies by up to 1.8.
const JPEG: u8 = 4;

#[test]
fn files_of_every_kind_are_read_as_pillow_reads_them() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/goldens/pictures.safetensors");
    let bytes = std::fs::read(path).unwrap();
    let goldens = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut count = 0;
    for name in goldens.names().into_iter().filter(|name| !name.contains('.')) {
        let path = folder.path().join(name);
        std::fs::write(&path, goldens.tensor(name).unwrap().data()).unwrap();
        let tolerance = if name.starts_with("jpeg") { JPEG } else { 1 };
        for (kind, channels) in [("rgb", 3), ("grey", 1)] {
            let golden = goldens.tensor(&format!("{name}.{kind}")).unwrap();
            let extent = Extent { rows: golden.shape()[0], columns: golden.shape()[1], channels };
            let found = picture::load(&path, extent).unwrap();
            let off = found.pixels.iter().zip(golden.data()).map(|(a, b)| a.abs_diff(*b));
            let off = off.max().unwrap();
            assert!(off <= tolerance, "{name} as {kind}: off by {off}");
            assert_eq!(found.pixels.len(), golden.data().len());
            let transparent = ["png_rgba", "png_grey_alpha", "png_palette_transparent"];
            assert_eq!(found.transparent, transparent.contains(&name), "{name}");
            count += 1;
        }
    }
    assert!(count > 60);
}

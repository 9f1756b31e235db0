//! Figures that `lesion` and `paths` left in a run's folder.

use std::io;
use std::path::Path;

/// A figure of a study.
pub struct Figure {
    /// What it shows.
    pub caption: &'static str,
    /// The drawing, as it is in the file.
    pub svg: Vec<u8>,
}

/// Files in a run's folder, and what they show.
const FIGURES: [(&str, &str); 6] = [
    ("lesion/delete-each.svg", "Test error without each unit."),
    ("lesion/delete-random.svg", "Test error by the number of units deleted at random."),
    ("lesion/reorder.svg", "Test error by how far units are out of order (Kendall's τ)."),
    ("paths/gradient.svg", "Paths by length, their gradient at the input, and the product."),
    ("paths/deletions.svg", "Share of paths that deletions leave, by length."),
    ("paths/check.svg", "He et al. 2016, equations (4) to (8), on the trained net."),
];

/// A file larger than this was not drawn by a study.
const LARGEST: u64 = 4 << 20;

/// The figures that are there.
pub fn read(folder: &Path) -> io::Result<Vec<Figure>> {
    let mut found = Vec::new();
    for (name, caption) in FIGURES {
        let path = folder.join(name);
        match std::fs::metadata(&path) {
            Ok(about) if about.len() <= LARGEST => {
                found.push(Figure { caption, svg: std::fs::read(&path)? });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

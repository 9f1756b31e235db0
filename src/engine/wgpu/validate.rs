//! Whether a text is WGSL: naga parses and validates it.

use naga::valid::{Capabilities, ValidationFlags, Validator};

/// What a text needs beyond WebGPU's core, by the words that it then has.
const BEYOND: [(&str, Capabilities); 3] = [
    ("enable f16;", Capabilities::SHADER_FLOAT16),
    ("enable wgpu_cooperative_matrix;", Capabilities::COOPERATIVE_MATRIX),
    // naga has no word to enable them yet.
    ("subgroup", Capabilities::SUBGROUP),
];

/// Parses and validates a module, with nothing beyond WebGPU's core but what it enables.
///
/// # Errors
/// What naga has against it, with the place in the text.
pub fn validate(wgsl: &str) -> Result<naga::Module, String> {
    let module = naga::front::wgsl::parse_str(wgsl).map_err(|e| e.emit_to_string(wgsl))?;
    let used = BEYOND.into_iter().filter(|(word, _)| wgsl.contains(word));
    let capabilities = used.map(|(_, capability)| capability).collect();
    Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .map_err(|e| e.emit_to_string(wgsl))?;
    Ok(module)
}

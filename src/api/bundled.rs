//! The specs that the program carries: those of `specs/`.

use super::Spec;

macro_rules! specs {
    ($($name:literal)*) => {
        &[$(($name, include_str!(concat!("../../specs/", $name, ".rnet")))),*]
    };
}

/// Names and texts, by the alphabet.
const SPECS: &[(&str, &str)] = specs! {
    "airbench94"
    "airbench96"
    "bn_after_addition"
    "bottleneck_bn_after_addition"
    "bottleneck_constant_scaling"
    "bottleneck_conv_shortcut"
    "bottleneck_dropout_shortcut"
    "bottleneck_exclusive_gate"
    "bottleneck_original"
    "bottleneck_preact"
    "bottleneck_relu_before_addition"
    "bottleneck_relu_only_preact"
    "bottleneck_shortcut_gate"
    "cbam"
    "constant_scaling"
    "conv_shortcut"
    "densenet_bc"
    "dropout_shortcut"
    "exclusive_gate"
    "fixup"
    "fractal"
    "highway"
    "imagenet_original"
    "imagenet_preact"
    "mobilenetv2"
    "one_layer"
    "one_layer_preact"
    "original"
    "plain"
    "preact"
    "preact_resnet18"
    "pyramid"
    "relu_before_addition"
    "relu_only_preact"
    "resnet18"
    "resnet9"
    "resnet_d"
    "resnet_gn"
    "resnext29"
    "revnet"
    "rezero"
    "se_preact"
    "shake_shake"
    "shakedrop"
    "shortcut_gate"
    "stochastic_depth"
    "vgg"
    "vgg_lesion"
    "wide"
};

impl Spec {
    /// A spec of the papers by its name, that of its file in `specs/`.
    ///
    /// ```
    /// let wide = rnetc::Spec::bundled("wide").expect("it is there").set("depth", 16).set("widen", 8);
    /// assert_eq!(wide.compile()?.parameters(), 10_961_370);
    /// assert!(rnetc::Spec::bundled("narrow").is_none());
    /// # Ok::<(), rnetc::Diagnostics>(())
    /// ```
    pub fn bundled(name: &str) -> Option<Self> {
        let at = SPECS.binary_search_by_key(&name, |(name, _)| name).ok()?;
        Some(Self::new(format!("<built-in {name}.rnet>"), SPECS[at].1))
    }

    /// The names that [`Spec::bundled`] knows, by the alphabet.
    pub fn bundled_names() -> impl Iterator<Item = &'static str> {
        SPECS.iter().map(|(name, _)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spec_of_the_folder_is_carried_by_the_alphabet() {
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/specs")).unwrap();
        let paths = folder.map(|entry| entry.unwrap().path());
        let specs = paths.filter(|path| path.extension().is_some_and(|end| end == "rnet"));
        let name =
            |path: std::path::PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        let mut names: Vec<String> = specs.map(name).collect();
        names.sort();
        assert_eq!(Spec::bundled_names().collect::<Vec<_>>(), names);
    }
}

//! Specs that the program carries, by their names; and what other programs call them.

use std::path::Path;

use crate::api::Spec;
use crate::text::nearest;

/// A bundled spec, if a path is its bare name and no file's.
pub fn named(path: &Path) -> Option<Spec> {
    (!path.exists()).then(|| Spec::bundled(path.to_str()?))?
}

/// What to say to somebody who names a spec that is no file.
pub fn lead(path: &Path) -> Option<String> {
    let name = path.file_stem()?.to_string_lossy().into_owned();
    let said = |spec: &str| format!("rnetc carries that net: say {spec}, in place of the path");
    if let Some(bundled) = Spec::bundled_names().find(|bundled| *bundled == name) {
        return Some(said(bundled));
    }
    let plain: String = name.to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    if let Some((_, spec)) = CALLED.iter().find(|(called, _)| called.contains(&plain.as_str())) {
        return Some(said(spec));
    }
    let near = nearest(&name, Spec::bundled_names())?;
    Some(format!("is it {near}? rnetc carries a net of that name: say it without a path"))
}

/// Names elsewhere, in small letters and digits alone, and what one says here.
const CALLED: &[(&[&str], &str)] = &[
    (&["resnet34"], "resnet18 --set depth=34"),
    (&["resnet50", "resnet50v15", "resnet"], "imagenet_original"),
    (&["resnet101"], "imagenet_original --set depth=101"),
    (&["resnet152"], "imagenet_original --set depth=152 --set second=8"),
    (&["resnet200"], "imagenet_preact"),
    (&["wideresnet502"], "imagenet_original --set inner=2"),
    (&["wideresnet1012"], "imagenet_original --set depth=101 --set inner=2"),
    (&["resnext50", "resnext5032x4d"], "imagenet_original --set inner=2 --set groups=32"),
    (
        &["resnext101", "resnext10132x8d"],
        "imagenet_original --set depth=101 --set inner=4 --set groups=32",
    ),
    (&["resnet50d", "resnetd"], "resnet_d"),
    (&["resnet101d"], "resnet_d --set depth=101"),
    (&["resnetv250"], "imagenet_preact --set depth=50 --set second=4 --set early=0"),
    (&["resnetv2101"], "imagenet_preact --set depth=101 --set second=4 --set early=0"),
    (&["preactresnet18", "preactresnet"], "preact_resnet18"),
    (&["preactresnet34"], "preact_resnet18 --set depth=34"),
    (&["wideresnet", "wrn", "wrn2810", "wideresnet2810"], "wide"),
    (&["wrn404", "wideresnet404"], "wide --set depth=40 --set widen=4"),
    (&["wrn168", "wideresnet168"], "wide --set depth=16 --set widen=8"),
    (&["resnet20"], "original --set depth=20"),
    (&["resnet32"], "original --set depth=32"),
    (&["resnet44"], "original --set depth=44"),
    (&["resnet56"], "original --set depth=56"),
    (&["resnet110"], "original"),
    (&["resnet1202"], "original --set depth=1202"),
    (&["resnet164"], "bottleneck_preact"),
    (&["resnet1001"], "bottleneck_preact --set depth=1001"),
    (&["fractalnet"], "fractal"),
    (&["vgg16"], "vgg"),
    (&["densenet", "densenetbc", "densenetbc100"], "densenet_bc"),
    (&["pyramidnet", "pyramidnet110"], "pyramid"),
    (&["mobilenet"], "mobilenetv2"),
    (&["resnext"], "resnext29"),
    (&["shakeshake", "shakeshake262x32d"], "shake_shake"),
    (&["shakeshake262x64d"], "shake_shake --set width=64"),
    (&["shakeshake262x96d"], "shake_shake --set width=96"),
    (&["shakedroppyramidnet", "pyramidnetshakedrop", "shakedrop110270"], "shakedrop"),
    (
        &["shakedrop272200", "pyramidnet272200shakedrop"],
        "shakedrop --set depth=272 --set widen=200 --set bottleneck=1",
    ),
    (&["revnet38"], "revnet"),
    (&["senet", "senet18", "sepreactresnet18"], "se_preact"),
    (&["cbamresnet18", "resnet18cbam"], "cbam"),
    (&["cbamresnet34", "resnet34cbam"], "cbam --set depth=34"),
    (&["revnet110"], "revnet --set depth=110 --set last=128"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nets_are_called_elsewhere_compiles() {
        for (called, said) in CALLED {
            let mut words = said.split(" --set ");
            let spec = Spec::bundled(words.next().unwrap()).unwrap_or_else(|| panic!("{said}"));
            let settings = words.filter_map(|word| word.split_once('='));
            let spec = spec.with(settings.map(|(name, value)| (name.into(), value.into())));
            assert!(spec.compile().is_ok(), "{said}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
            assert!(called.iter().all(|name| name.chars().all(plain)), "{called:?}");
        }
        let of = |path: &str| lead(Path::new(path)).unwrap_or_default();
        assert!(of("ResNet-50").contains("say imagenet_original,"));
        assert!(of("nets/wrn-28-10.rnet").contains("say wide,"));
        assert!(of("specs/wide.rnet").contains("say wide,"));
        assert!(of("resnet_9.rnet").contains("is it resnet9?"));
        assert_eq!(lead(Path::new("mine.rnet")), None);
        assert!(named(Path::new("wide")).is_some() && named(Path::new("wide.rnet")).is_none());
    }
}

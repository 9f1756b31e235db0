//! What a recipe does to training pictures.

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ranges::up_to;
use crate::data::augment::{
    Augmentation, Erasing, Flip, Jitter, MOST_MAGNITUDE, Mixing, RandAugment, ResizedCrop,
};
use crate::pixels::Border;
use crate::train::yaml::Mistake;

/// Crops, flips, holes, mixtures.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Augment {
    /// What is put around pictures before a random crop.
    pub pad: Pad,
    /// Which pictures are mirrored.
    pub flip: Flip,
    /// Areas that are stretched to the pictures' size (Szegedy et al. 2015); whole pictures, unless
    /// given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crop: Option<ResizedCrop>,
    /// How colours change; not at all, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jitter: Option<Jitter>,
    /// RandAugment (Cubuk et al. 2019); none, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rand_augment: Option<RandAugment>,
    /// Side of a square of zeros around a random pixel (DeVries and Taylor 2017); 0 for none.
    #[serde(default, skip_serializing_if = "is_none")]
    pub cutout: usize,
    /// Rectangles of zeros (Zhong et al. 2017); none, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erasing: Option<Erasing>,
    /// The α of mixup (Zhang et al. 2018); 0 for none.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub mixup: f64,
    /// The α of CutMix (Yun et al. 2019); 0 for none.
    #[serde(default, skip_serializing_if = "super::is_zero")]
    pub cutmix: f64,
    /// The share of batches that are mixed by one of them; all, unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mixing: Option<f64>,
}

/// Most operations on a picture.
const MOST_OPERATIONS: usize = 16;
/// Furthest that colours are changed.
const MOST_JITTER: f64 = 10.0;

fn is_none(value: &usize) -> bool {
    *value == 0
}

/// What is put around pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pad {
    /// So much on each side.
    pub by: usize,
    /// Of what.
    pub mode: Border,
}

impl From<usize> for Pad {
    /// Zeros.
    fn from(by: usize) -> Self {
        Self { by, mode: Border::Zeros }
    }
}

/// Its keys, where it is more than a number.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    by: usize,
    #[serde(default)]
    mode: Border,
}

impl Serialize for Pad {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { by, mode } = *self;
        match mode {
            Border::Zeros => by.serialize(to),
            Border::Reflect => Keys { by, mode }.serialize(to),
        }
    }
}

impl<'a> Deserialize<'a> for Pad {
    fn deserialize<D: Deserializer<'a>>(from: D) -> Result<Self, D::Error> {
        struct Written;

        impl<'a> Visitor<'a> for Written {
            type Value = Pad;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number from 0 on, or { by: 4, mode: reflect },")
            }

            fn visit_u64<E: Error>(self, by: u64) -> Result<Pad, E> {
                Ok(usize::try_from(by).unwrap_or(usize::MAX).into())
            }

            fn visit_map<A: MapAccess<'a>>(self, keys: A) -> Result<Pad, A::Error> {
                let Keys { by, mode } = Keys::deserialize(MapAccessDeserializer::new(keys))?;
                Ok(Pad { by, mode })
            }
        }

        from.deserialize_any(Written)
    }
}

impl Augment {
    /// As the loader takes it.
    pub fn augmentation(&self) -> Augmentation {
        let Self { pad: Pad { by: pad, mode: border }, flip, crop: area, .. } = *self;
        let Self { jitter, rand_augment, cutout, erasing, .. } = *self;
        let batches = self.mixing.unwrap_or(1.0);
        let mixing = Mixing { mixup: self.mixup, cutmix: self.cutmix, batches };
        Augmentation { area, jitter, rand_augment, pad, border, flip, cutout, erasing, mixing }
    }

    /// Says what is wrong with it.
    pub fn check(&self) -> Result<(), Mistake> {
        let Self {
            pad,
            flip: _,
            crop,
            jitter,
            rand_augment,
            cutout,
            erasing,
            mixup,
            cutmix,
            mixing,
        } = *self;
        jitter.as_ref().map_or(Ok(()), jitter_makes_sense)?;
        rand_augment.as_ref().map_or(Ok(()), rand_augment_makes_sense)?;
        for (key, value) in [("augmentation.pad", pad.by), ("augmentation.cutout", cutout)] {
            up_to(key, value, 64)?;
        }
        for (key, value) in [("augmentation.mixup", mixup), ("augmentation.cutmix", cutmix)] {
            if value != 0.0 && !(0.01..=100.0).contains(&value) {
                let text = format!("{key} is {value}, and must be 0.01 to 100, or 0 for none");
                return Err(Mistake::at(key, text));
            }
        }
        if let Some(share) = mixing {
            up_to("augmentation.mixing", share, 1.0)?;
            if mixup == 0.0 && cutmix == 0.0 {
                let text = "augmentation.mixing is the share of batches for mixup and cutmix, and there \
                            is neither";
                return Err(Mistake::at("augmentation.mixing", text));
            }
        }
        if let Some(ResizedCrop { scale, ratio }) = crop {
            rises("augmentation.crop.scale", scale, 1.0)?;
            rises("augmentation.crop.ratio", ratio, 100.0)?;
            if pad.by > 0 {
                let text =
                    "augmentation.crop takes the place of the crop out of a border; write pad: 0";
                return Err(Mistake::at("augmentation.crop", text));
            }
        }
        let Some(erasing) = erasing else { return Ok(()) };
        if cutout > 0 {
            let text = "give the augmentation one of cutout and erasing";
            return Err(Mistake::at("augmentation.erasing", text));
        }
        erasing_makes_sense(&erasing)
    }
}

fn jitter_makes_sense(jitter: &Jitter) -> Result<(), Mistake> {
    let Jitter { brightness, contrast, saturation, hue } = *jitter;
    for (key, value, most) in [
        ("augmentation.jitter.brightness", brightness, MOST_JITTER),
        ("augmentation.jitter.contrast", contrast, MOST_JITTER),
        ("augmentation.jitter.saturation", saturation, MOST_JITTER),
        ("augmentation.jitter.hue", hue, 0.5),
    ] {
        up_to(key, value, most)?;
    }
    if [brightness, contrast, saturation, hue] == [0.0; 4] {
        let text =
            "augmentation.jitter changes nothing: give it brightness, contrast, saturation or hue";
        return Err(Mistake::at("augmentation.jitter", text));
    }
    Ok(())
}

fn rand_augment_makes_sense(rand: &RandAugment) -> Result<(), Mistake> {
    let RandAugment { operations, magnitude } = *rand;
    for (key, value, most) in [
        ("augmentation.rand_augment.operations", operations, MOST_OPERATIONS),
        ("augmentation.rand_augment.magnitude", magnitude, MOST_MAGNITUDE),
    ] {
        up_to(key, value, most)?;
    }
    if operations == 0 {
        let text = "augmentation.rand_augment with 0 operations changes nothing: leave it out";
        return Err(Mistake::at("augmentation.rand_augment.operations", text));
    }
    Ok(())
}

fn erasing_makes_sense(erasing: &Erasing) -> Result<(), Mistake> {
    up_to("augmentation.erasing.probability", erasing.probability, 1.0)?;
    rises("augmentation.erasing.area", erasing.area, 1.0)?;
    rises("augmentation.erasing.ratio", erasing.ratio, 100.0)
}

/// A least and a largest, above 0, up to a most.
fn rises(key: &'static str, [low, high]: [f64; 2], most: f64) -> Result<(), Mistake> {
    if low > 0.0 && low <= high && high <= most {
        return Ok(());
    }
    let text = format!(
        "{key} is [{low}, {high}], and must be a least and a largest, above 0, up to {most}"
    );
    Err(Mistake::at(key, text))
}

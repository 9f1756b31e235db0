//! The line of Python that makes the model whose state dict it is.

use super::plan::Plan;

fn list(numbers: &[usize]) -> String {
    let numbers: Vec<String> = numbers.iter().map(usize::to_string).collect();
    numbers.join(", ")
}

/// The depth that counts convolutions and the linear layer, if names of models have it so.
fn depth(plan: &Plan) -> Option<&'static str> {
    let depths: &[([usize; 4], &str)] = match plan.bottleneck {
        false => &[([2, 2, 2, 2], "18"), ([3, 4, 6, 3], "34")],
        true => &[([3, 4, 6, 3], "50"), ([3, 4, 23, 3], "101"), ([3, 8, 36, 3], "152")],
    };
    depths.iter().find(|(counts, _)| *counts == plan.counts[..]).map(|(_, depth)| *depth)
}

fn usual_widths(plan: &Plan) -> bool {
    plan.planes() == [64, 128, 256, 512] && plan.stem == 64
}

/// torchvision's.
pub fn torchvision(plan: &Plan, classes: usize) -> String {
    let named = depth(plan).and_then(|depth| match (plan.groups, plan.base, depth) {
        (1, 64, depth) => Some(format!("resnet{depth}")),
        (1, 128, "50" | "101") => Some(format!("wide_resnet{depth}_2")),
        (32, 4, "50") => Some("resnext50_32x4d".into()),
        (32, 8, "101") => Some("resnext101_32x8d".into()),
        (64, 4, "101") => Some("resnext101_64x4d".into()),
        _ => None,
    });
    if let Some(named) = named {
        return format!("torchvision.models.{named}(num_classes={classes})");
    }
    let block = if plan.bottleneck { "Bottleneck" } else { "BasicBlock" };
    let mut more = String::new();
    if plan.groups != 1 || plan.base != 64 {
        more = format!(", groups={}, width_per_group={}", plan.groups, plan.base);
    }
    let counts = list(&plan.counts);
    let at = "torchvision.models.resnet";
    format!("{at}.ResNet({at}.{block}, [{counts}], num_classes={classes}{more})")
}

/// timm's, of units with a batch norm behind each convolution.
pub fn timm(plan: &Plan, classes: usize) -> String {
    let suffix = match (plan.deep, plan.averaged) {
        (None, false) => Some(""),
        (Some(32), true) => Some("d"),
        _ => None,
    };
    let named = depth(plan).zip(suffix).and_then(|(depth, suffix)| {
        match (plan.groups, plan.base, depth, suffix) {
            (1, 64, depth, suffix) => Some(format!("resnet{depth}{suffix}")),
            (1, 128, "50" | "101", "") => Some(format!("wide_resnet{depth}_2")),
            (32, 4, "50", "") => Some("resnext50_32x4d".into()),
            (32, 8, "101", "") => Some("resnext101_32x8d".into()),
            _ => None,
        }
    });
    if let Some(named) = named.filter(|_| usual_widths(plan)) {
        return format!("timm.create_model('{named}', num_classes={classes})");
    }
    let block = if plan.bottleneck { "Bottleneck" } else { "BasicBlock" };
    let mut more = String::new();
    if plan.planes() != [64, 128, 256, 512] {
        more += &format!(", channels=({})", list(&plan.planes()));
    }
    if let Some(wide) = plan.deep {
        more += &format!(", stem_type='deep', stem_width={wide}");
    }
    if plan.averaged {
        more += ", avg_down=True";
    }
    if plan.groups != 1 || plan.base != 64 {
        more += &format!(", cardinality={}, base_width={}", plan.groups, plan.base);
    }
    let (at, counts) = ("timm.models.resnet", list(&plan.counts));
    format!("{at}.ResNet({at}.{block}, ({counts}), num_classes={classes}{more})")
}

/// timm's, of units with a batch norm before each convolution.
pub fn timm_preact(plan: &Plan, classes: usize) -> String {
    let suffix = match (plan.deep, plan.averaged) {
        (None, false) => Some(""),
        (Some(32), true) => Some("d"),
        _ => None,
    };
    if let Some((depth, suffix)) = depth(plan).zip(suffix)
        && usual_widths(plan)
    {
        return format!("timm.create_model('resnetv2_{depth}{suffix}', num_classes={classes})");
    }
    let mut more = String::new();
    if !plan.bottleneck {
        more += ", basic=True, bottle_ratio=1.0";
    }
    if plan.deep.is_some() {
        more += ", stem_type='deep'";
    }
    if plan.averaged {
        more += ", avg_down=True";
    }
    format!(
        "timm.models.resnetv2.ResNetV2([{}], channels=({}), num_classes={classes}, stem_chs={}, \
         conv_layer=timm.layers.create_conv2d, norm_layer=timm.layers.BatchNormAct2d{more})",
        list(&plan.counts),
        list(&plan.outputs),
        plan.stem
    )
}

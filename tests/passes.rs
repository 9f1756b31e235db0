//! Tensor passes a unit.
use rnetc::engine::cpu::explain::explain;
use rnetc::lower::{Sgd, training};
use rnetc::sema;
use rnetc::sema::network::UnitId;
use rnetc::source::Source;

#[test]
fn show() {
    for (spec, depth) in [
        ("preact", "20"),
        ("original", "20"),
        ("bottleneck_preact", "29"),
        ("bottleneck_original", "29"),
        ("plain", "20"),
        ("exclusive_gate", "20"),
        ("preact", "110"),
        ("bottleneck_preact", "1001"),
    ] {
        let text = std::fs::read_to_string(format!("specs/{spec}.rnet")).unwrap();
        let source = Source::new(spec, text);
        let t = std::time::Instant::now();
        let net = sema::compile(&source, &[("depth".into(), depth.into())]).unwrap().network;
        println!("{spec} {depth}: {} params, sema {:?}", net.parameters(), t.elapsed());
        let t = std::time::Instant::now();
        let p = training(&net, 128, &Sgd { momentum: 0.9, weight_decay: 1e-4, nesterov: false });
        println!("lower {:?} nodes {}", t.elapsed(), p.graph.nodes.len());
        let t = std::time::Instant::now();
        let e = explain(&p).unwrap();
        println!(
            "explain {:?}, arena {} MiB scratch {} KiB phases {}",
            t.elapsed(),
            e.arena >> 20,
            e.scratch >> 10,
            e.phases.len()
        );
        if net.units.len() < 12 {
            for (i, u) in net.units.iter().enumerate() {
                println!(
                    "  unit {} {}: {:?}",
                    u.index,
                    u.definition,
                    e.passes(&p, UnitId(i as u32))
                );
            }
            if spec == "preact" {
                for (i, ph) in e.phases.iter().enumerate() {
                    println!(
                        "phase {i} unit {:?} reads {:?} writes {:?}",
                        ph.unit, ph.reads, ph.writes
                    );
                    for s in &ph.steps {
                        println!("     {s}");
                    }
                }
            }
        }
    }
}

use rnetc::engine::{Engine, cpu::CpuEngine};
use rnetc::graph::autodiff::gradient;
use rnetc::graph::builder::Builder;
use rnetc::graph::*;
use rnetc::lower::Sgd;
use rnetc::nn::{batch_norm, loss, optimiser};
use std::collections::HashMap;

fn rnd(seed: u32, n: usize, scale: f32) -> Vec<f32> {
    let key = random::key(seed, 7);
    (0..n).map(|i| (random::uniform(key, i as u32) * 2.0 - 1.0) * scale).collect()
}

/// A pre-activation block by hand
fn program(batch: usize, width: usize, size: usize, blocks: usize) -> Program {
    let mut b = Builder::new();
    let img = b.input(
        "images",
        Role::Images,
        Type { shape: Shape([batch, size, size, 3]), batched: true },
    );
    let lr = b.input("lr", Role::LearningRate, Type { shape: Shape::SCALAR, batched: false });
    let mut params = vec![];
    let mut updates = vec![];
    let mut n = 0;
    let mut param = |b: &mut Builder, shape: Shape, params: &mut Vec<NodeId>| {
        n += 1;
        let p = b.input(format!("p{n}"), Role::Parameter, Type { shape, batched: false });
        params.push(p);
        p
    };
    let mut bn = |b: &mut Builder,
                  x: NodeId,
                  c: usize,
                  params: &mut Vec<NodeId>,
                  updates: &mut Vec<(InputId, NodeId)>| {
        let v = Type { shape: Shape::channels(c), batched: false };
        let scale = param(b, v.shape, params);
        let shift = param(b, v.shape, params);
        let mean = b.input("m", Role::Statistic, v);
        let variance = b.input("v", Role::Statistic, v);
        let t = batch_norm::train(b, x, batch_norm::Parameters { scale, shift, mean, variance });
        let id = |b: &Builder, n: NodeId| match b.graph().node(n).op {
            Op::Input(i) => i,
            _ => panic!(),
        };
        updates.push((id(b, mean), t.mean));
        updates.push((id(b, variance), t.variance));
        t.value
    };
    let g3 = |s: usize| ConvGeometry { input: [s, s], kernel: [3, 3], stride: 1, padding: [1, 1] };
    let mut k = 100;
    let mut weight = |b: &mut Builder, shape: Shape, params: &mut Vec<NodeId>| {
        k += 1;
        let p = b.input(format!("w{k}"), Role::Parameter, Type { shape, batched: false });
        params.push(p);
        p
    };
    let w = weight(&mut b, Shape([3, 3, 3, width]), &mut params);
    let mut x = b.conv(g3(size), img, w);
    for _ in 0..blocks {
        let a = bn(&mut b, x, width, &mut params, &mut updates);
        let a = b.unary(Unary::Relu, a);
        let w1 = weight(&mut b, Shape([3, 3, width, width]), &mut params);
        let c = b.conv(g3(size), a, w1);
        let c = bn(&mut b, c, width, &mut params, &mut updates);
        let c = b.unary(Unary::Relu, c);
        let w2 = weight(&mut b, Shape([3, 3, width, width]), &mut params);
        let c = b.conv(g3(size), c, w2);
        x = b.add(c, x);
    }
    let y = autodiff::mean(&mut b, Axes::SPACE, x);
    let wl = weight(&mut b, Shape([1, 1, width, 10]), &mut params);
    let logits =
        b.conv(ConvGeometry { input: [1, 1], kernel: [1, 1], stride: 1, padding: [0, 0] }, y, wl);
    let t =
        b.input("targets", Role::Targets, Type { shape: Shape([batch, 1, 1, 10]), batched: true });
    let l = loss::cross_entropy(&mut b, logits, t);
    let grads = gradient(&mut b, l, &params);
    for (&p, &g) in params.iter().zip(&grads) {
        let ty = b.ty(p);
        let m = b.input("mom", Role::Momentum, ty);
        let (nw, nm) = optimiser::sgd(
            &mut b,
            &Sgd { momentum: 0.9, weight_decay: 1e-4, nesterov: false },
            lr,
            p,
            m,
            g,
        );
        let id = |b: &Builder, n: NodeId| match b.graph().node(n).op {
            Op::Input(i) => i,
            _ => panic!(),
        };
        updates.push((id(&b, p), nw));
        updates.push((id(&b, m), nm));
    }
    rnetc::passes::standard(Program {
        graph: b.finish(),
        outputs: vec![
            Output { name: "loss".into(), node: l },
            Output { name: "logits".into(), node: logits },
        ],
        updates,
        batch,
    })
}

#[test]
fn cpu_matches_interpreter() {
    let p = program(5, 8, 6, 2);
    verify::verify(&p).unwrap();
    let engine = CpuEngine::new(Some(2)).unwrap();
    println!("{:?}", engine.device());
    let mut exe = engine.compile(&p).unwrap();
    let mut inputs: interp::Inputs = HashMap::new();
    for (i, input) in p.graph.inputs.iter().enumerate() {
        let n = input.ty.shape.len();
        let data: Vec<f32> = match input.role {
            Role::Images => rnd(i as u32, n, 1.0),
            Role::LearningRate => vec![0.1],
            Role::Targets => {
                (0..n).map(|j| if j % 10 == (j / 10) % 10 { 1.0 } else { 0.0 }).collect()
            }
            Role::Statistic => vec![0.5; n],
            Role::Momentum => vec![0.0; n],
            _ if input.name.starts_with('w') => rnd(i as u32, n, 0.2),
            _ => rnd(i as u32, n, 0.5).iter().map(|v| v + 1.0).collect(),
        };
        exe.write(InputId(i as u32), &data).unwrap();
        inputs.insert(InputId(i as u32), data.iter().map(|&v| v as f64).collect());
    }
    for step in 0..3 {
        let (outs, ups) = interp::run(&p, &inputs);
        exe.run().unwrap();
        let loss = exe.output(0).unwrap();
        println!("step {step} loss {} vs {}", loss[0], outs[0][0]);
        let worst = ups
            .iter()
            .map(|(i, want)| {
                let have = exe.state(*i).unwrap();
                let num: f64 = have.iter().zip(want).map(|(a, b)| (*a as f64 - b).powi(2)).sum();
                let den: f64 = want.iter().map(|b| b * b).sum::<f64>().max(1e-30);
                ((num / den).sqrt(), p.graph.input(*i).name.clone())
            })
            .fold((0.0, String::new()), |a, b| if b.0 > a.0 || b.0.is_nan() { b } else { a });
        println!("worst {worst:?}");
        assert!(worst.0 < 1e-4);
        inputs.extend(ups);
    }
}

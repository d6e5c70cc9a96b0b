//! kube-rs's reflector on the replay server: `bench-informer PORT EVENTS`; prints a Run as JSON.
//! `retained` is what the process holds when all is done less what it held before, as the system counts it.
use futures::StreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::{WatchStreamExt, reflector, watcher};
use kube::{Api, Client, Config};
use std::time::Instant;

fn cpu() -> f64 {
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    unsafe { libc::getrusage(libc::RUSAGE_SELF, &mut usage) };
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    seconds(usage.ru_utime) + seconds(usage.ru_stime)
}

fn status(name: &str) -> f64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let port = arguments.next().unwrap();
    let events: f64 = arguments.next().unwrap().parse().unwrap();
    let client = Client::try_from(Config::new(format!("http://127.0.0.1:{port}").parse().unwrap())).unwrap();
    let before = status("VmRSS:");
    let (began, used) = (Instant::now(), cpu());
    let (reader, writer) = reflector::store::<Pod>();
    let mut stream = watcher(Api::<Pod>::all(client), watcher::Config::default())
        .default_backoff()
        .modify(|pod| pod.metadata.managed_fields = None)
        .reflect(writer)
        .boxed();
    let mut synced = None;
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            watcher::Event::InitDone => synced = Some(Instant::now()),
            watcher::Event::Apply(pod) if pod.metadata.name.as_deref() == Some("replay-done") => break,
            _ => {}
        }
    }
    let ended = Instant::now();
    let synced = synced.unwrap();
    let cpu_used = cpu() - used;
    unsafe { libc::malloc_trim(0) };
    println!(
        "{}",
        serde_json::json!({
            "sync": (synced - began).as_secs_f64(),
            "eventsPerSecond": events / (ended - synced).as_secs_f64(),
            "cpu": cpu_used,
            "retained": (status("VmRSS:") - before) * 1024.0,
            "peak": status("VmHWM:") / 1024.0
        })
    );
    assert!(!reader.state().is_empty());
}

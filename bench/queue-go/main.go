// The workloads of bench/queue.ts on client-go's work queue: prints one JSON object with the figures of one round.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
)

func newQueue() workqueue.TypedRateLimitingInterface[string] {
	return workqueue.NewTypedRateLimitingQueueWithConfig(
		workqueue.DefaultTypedControllerRateLimiter[string](),
		workqueue.TypedRateLimitingQueueConfig[string]{Name: "bench"},
	)
}

func names(count int) []string {
	keys := make([]string, count)
	for i := range keys {
		keys[i] = fmt.Sprintf("default/pod-%d", i)
	}
	return keys
}

func perSecond(count int, since time.Time) float64 {
	return float64(count) / time.Since(since).Seconds()
}

func process(keys []string, workers int) float64 {
	queue := newQueue()
	for _, key := range keys {
		queue.Add(key)
	}
	queue.ShutDown()
	var handled atomic.Int64
	var group sync.WaitGroup
	start := time.Now()
	for range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				key, shutdown := queue.Get()
				if shutdown {
					return
				}
				handled.Add(1)
				queue.Done(key)
			}
		}()
	}
	group.Wait()
	if int(handled.Load()) != len(keys) {
		panic("keys were lost")
	}
	return perSecond(len(keys), start)
}

func add(keys []string, times int) float64 {
	queue := newQueue()
	defer queue.ShutDown()
	for _, key := range keys {
		queue.Add(key)
	}
	start := time.Now()
	for range times {
		for _, key := range keys {
			queue.Add(key)
		}
	}
	return perSecond(times*len(keys), start)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func delayed(count int) float64 {
	before := heap()
	queue := newQueue()
	defer queue.ShutDown()
	for i := range count {
		// 7919 is prime, so deadlines come in no order.
		queue.AddAfter(fmt.Sprintf("default/pod-%d", i), time.Hour+time.Duration(i*7919%count)*time.Millisecond)
	}
	// The queue's goroutine takes the last of them from a channel.
	time.Sleep(200 * time.Millisecond)
	return float64(heap()-before) / 1e6
}

func main() {
	keys := flag.Int("keys", 100_000, "keys to process")
	workers := flag.Int("workers", 16, "workers")
	ready := flag.Int("ready", 10_000, "keys that are ready while they are added again")
	times := flag.Int("times", 100, "how often each of them is added again")
	waiting := flag.Int("delayed", 0, "keys to delay; 0 leaves the figure out")
	flag.Parse()
	all := names(*keys)
	result := map[string]float64{"process": process(all, *workers), "add": add(names(*ready), *times)}
	if *waiting > 0 {
		result["delayed"] = delayed(*waiting)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		panic(err)
	}
}

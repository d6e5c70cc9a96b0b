// client-go's shared informer on the replay server, and the replay in protobuf.
//
//	client-go run PORT EVENTS      prints a Run as JSON
//	client-go encode PORT FOLDER   reads the JSON replay, writes FOLDER/list, FOLDER/initial and FOLDER/modified
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	kruntime "k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer/protobuf"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func cpu() float64 {
	var usage syscall.Rusage
	check(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()).Seconds()
}

func reachable() uint64 {
	debug.FreeOSMemory()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

func peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	check(err)
	for _, line := range strings.Split(string(status), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			kilobytes, err := strconv.ParseFloat(strings.Fields(line)[1], 64)
			check(err)
			return kilobytes / 1024
		}
	}
	return 0
}

func run(port string, events float64) {
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host: "http://127.0.0.1:" + port,
		ContentConfig: rest.ContentConfig{
			AcceptContentTypes: "application/vnd.kubernetes.protobuf,application/json",
			ContentType:        "application/vnd.kubernetes.protobuf",
		},
	})
	check(err)
	heap := reachable()
	began, used := time.Now(), cpu()
	factory := informers.NewSharedInformerFactoryWithOptions(client, 0,
		informers.WithTransform(func(object any) (any, error) {
			if accessor, err := meta.Accessor(object); err == nil {
				accessor.SetManagedFields(nil)
			}
			return object, nil
		}))
	pods := factory.Core().V1().Pods().Informer()
	done := make(chan struct{})
	_, err = pods.AddEventHandler(cache.FilteringResourceEventHandler{
		FilterFunc: func(object any) bool {
			pod, isPod := object.(*corev1.Pod)
			return isPod && pod.Name == "replay-done"
		},
		Handler: cache.ResourceEventHandlerFuncs{AddFunc: func(any) { close(done) }},
	})
	check(err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	synced := time.Now()
	<-done
	ended := time.Now()
	cpuUsed := cpu() - used
	highest := peak()
	check(json.NewEncoder(os.Stdout).Encode(map[string]float64{
		"sync":            synced.Sub(began).Seconds(),
		"eventsPerSecond": events / ended.Sub(synced).Seconds(),
		"cpu":             cpuUsed,
		"retained":        float64(reachable()) - float64(heap),
		"peak":            highest,
	}))
	runtime.KeepAlive(pods)
}

func encode(port, folder string) {
	base := "http://127.0.0.1:" + port + "/api/v1/pods"
	serializer := protobuf.NewSerializer(scheme.Scheme, scheme.Scheme)
	bytesOf := func(object kruntime.Object) []byte {
		encoded, err := kruntime.Encode(serializer, object)
		check(err)
		return encoded
	}

	answer, err := http.Get(base)
	check(err)
	var list corev1.PodList
	check(json.NewDecoder(answer.Body).Decode(&list))
	answer.Body.Close()
	check(os.WriteFile(filepath.Join(folder, "list"), bytesOf(&list), 0o644))

	answer, err = http.Get(base + "?watch=true&sendInitialEvents=true")
	check(err)
	defer answer.Body.Close()
	open := func(name string) *bufio.Writer {
		file, err := os.Create(filepath.Join(folder, name))
		check(err)
		return bufio.NewWriterSize(file, 1<<20)
	}
	out := open("initial")
	lines := bufio.NewReaderSize(answer.Body, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		check(err)
		var event metav1.WatchEvent
		check(json.Unmarshal(line, &event))
		var pod corev1.Pod
		check(json.Unmarshal(event.Object.Raw, &pod))
		encoded := metav1.WatchEvent{Type: event.Type, Object: kruntime.RawExtension{Raw: bytesOf(&pod)}}
		frame, err := encoded.Marshal()
		check(err)
		_, err = protobuf.LengthDelimitedFramer.NewFrameWriter(out).Write(frame)
		check(err)
		if event.Type == "BOOKMARK" {
			check(out.Flush())
			out = open("modified")
		}
		if pod.Name == "replay-done" {
			check(out.Flush())
			return
		}
	}
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: client-go run PORT EVENTS | client-go encode PORT FOLDER")
		os.Exit(2)
	}
	switch os.Args[1] {
	case "encode":
		encode(os.Args[2], os.Args[3])
	default:
		events, err := strconv.ParseFloat(os.Args[3], 64)
		check(err)
		run(os.Args[2], events)
	}
}

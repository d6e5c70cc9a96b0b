// Typed GETs of one Pod with client-go, for bench/get.ts.
//
// Reads {"port","certificate","calls","inFlight"} from stdin, line by line, and answers each with the requests per
// second. The client lives as long as the process, as ours does.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

type round struct {
	Port        int    `json:"port"`
	Certificate string `json:"certificate"`
	Calls       int    `json:"calls"`
	InFlight    int    `json:"inFlight"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<20)
	var client *kubernetes.Clientset
	for lines.Scan() {
		var its round
		if err := json.Unmarshal(lines.Bytes(), &its); err != nil {
			panic(err)
		}
		if client == nil {
			client = kubernetes.NewForConfigOrDie(&rest.Config{
				Host:            fmt.Sprintf("https://127.0.0.1:%d", its.Port),
				TLSClientConfig: rest.TLSClientConfig{CAData: []byte(its.Certificate)},
				QPS:             -1,
				ContentConfig:   rest.ContentConfig{ContentType: "application/json", AcceptContentTypes: "application/json"},
			})
		}
		pods := client.CoreV1().Pods("default")
		from := time.Now()
		var group sync.WaitGroup
		for worker := 0; worker < its.InFlight; worker++ {
			group.Add(1)
			go func() {
				defer group.Done()
				for call := 0; call < its.Calls/its.InFlight; call++ {
					if _, err := pods.Get(context.Background(), "web", metav1.GetOptions{}); err != nil {
						panic(err)
					}
				}
			}()
		}
		group.Wait()
		fmt.Printf("%f\n", float64(its.Calls)/time.Since(from).Seconds())
	}
}

// Asks client-go's EventCorrelator what becomes of histories of events, and prints them with its answers.
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"
	"time"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/record"
	testclock "k8s.io/utils/clock/testing"
)

type step struct {
	// Seconds since the step before.
	After   int    `json:"after"`
	Source  string `json:"source"`
	Host    string `json:"host"`
	Object  string `json:"object"`
	Type    string `json:"type"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
	// What client-go makes of it; nothing where it is filtered.
	Written *written `json:"written,omitempty"`
}

type written struct {
	// The step whose event is created or patched, where it is not an aggregate.
	Step           *int            `json:"step,omitempty"`
	Message        string          `json:"message"`
	Count          int32           `json:"count"`
	FirstTimestamp string          `json:"firstTimestamp"`
	Patch          json.RawMessage `json:"patch,omitempty"`
}

func history(seed int64, length int) []step {
	random := rand.New(rand.NewSource(seed))
	clock := testclock.NewFakePassiveClock(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
	correlator := record.NewEventCorrelator(clock)
	pick := func(values ...string) string { return values[random.Intn(len(values))] }
	afters := []int{1, 30, 100, 200, 250, 300, 300, 300, 599, 600, 601}
	steps := []step{}
	for n := 0; n < length; n++ {
		s := step{
			After:  afters[random.Intn(len(afters))],
			Source: pick("controller", "controller", "controller", "controller", "kubelet"),
			Host:   pick("", "", "", "", "", "node"),
			Object: pick("web", "web", "web", "web", "db"),
			Type:   pick("Normal", "Normal", "Normal", "Normal", "Warning"),
			Reason: pick("Same", "Few", "Many", "Many"),
		}
		if random.Intn(4) > 0 {
			s.After = 0
		}
		switch s.Reason {
		case "Same":
			s.Message = "the same"
		case "Few":
			s.Message = fmt.Sprint("message ", random.Intn(6))
		case "Many":
			// Never the same again: which old message an aggregate forgets is left to chance in Go.
			s.Message = fmt.Sprint("message ", n)
		}
		clock.SetTime(clock.Now().Add(time.Duration(s.After) * time.Second))
		now := metav1.NewTime(clock.Now())
		result, err := correlator.EventCorrelate(&v1.Event{
			ObjectMeta:          metav1.ObjectMeta{Name: fmt.Sprint("step-", n), Namespace: "default"},
			InvolvedObject:      v1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: "default", Name: s.Object},
			Source:              v1.EventSource{Component: s.Source, Host: s.Host},
			ReportingController: s.Source,
			ReportingInstance:   s.Host,
			Type:                s.Type,
			Reason:              s.Reason,
			Message:             s.Message,
			Count:               1,
			FirstTimestamp:      now,
			LastTimestamp:       now,
		})
		if err != nil {
			panic(err)
		}
		if !result.Skip {
			event := result.Event
			s.Written = &written{
				Message:        event.Message,
				Count:          event.Count,
				FirstTimestamp: event.FirstTimestamp.UTC().Format(time.RFC3339),
				Patch:          result.Patch,
			}
			if name, isStep := strings.CutPrefix(event.Name, "step-"); isStep {
				var index int
				fmt.Sscan(name, &index)
				s.Written.Step = &index
			}
		}
		steps = append(steps, s)
	}
	return steps
}

func main() {
	histories := [][]step{}
	for seed := int64(1); seed <= 12; seed++ {
		histories = append(histories, history(seed, 120))
	}
	lines := []string{}
	for _, one := range histories {
		line, err := json.Marshal(one)
		if err != nil {
			panic(err)
		}
		lines = append(lines, string(line))
	}
	fmt.Printf("[\n%s\n]\n", strings.Join(lines, ",\n"))
}

package main

import (
	"math/big"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

type timeCase struct {
	Layout      string `json:"layout"`
	Text        string `json:"text"`
	Nanoseconds string `json:"nanoseconds,omitempty"`
	Time        string `json:"time,omitempty"`
	MicroTime   string `json:"microTime,omitempty"`
	Error       string `json:"error,omitempty"`
}

func times() {
	texts := []string{
		"2026-11-21T07:35:00Z", "2026-11-21T07:35:00.123456Z", "2026-11-21T07:35:00.123Z", "2026-11-21T07:35:00.123456789Z",
		"2026-11-21T07:35:00.1234567891Z", "2026-11-21T07:35:00.000000Z", "2026-11-21T07:35:00,5Z", "2026-11-21T07:35:00.Z",
		"2026-11-21T09:05:00+01:30", "2026-11-21T07:35:00.000001-08:00", "2026-11-21T07:35:00+24:00",
		"2026-11-21T07:35:00+25:00", "2026-11-21T07:35:00+00:61", "2026-11-21T07:35:00+0130", "2026-11-21T07:35:00",
		"2026-11-21T07:35:00z", "2026-11-21t07:35:00Z", "2026-11-21 07:35:00Z", "2026-11-21", "07:35:00Z", "", "abc",
		"1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "1600-02-29T00:00:00Z",
		"2000-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2026-00-01T00:00:00Z",
		"2026-13-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T23:60:00Z",
		"2026-01-01T23:59:60Z", "2026-01-01T7:35:00Z", "2026-1-01T00:00:00Z", "2026-01-1T00:00:00Z", "226-01-01T00:00:00Z",
		"12026-01-01T00:00:00Z", "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00Z ", " 2026-01-01T00:00:00Z",
		"2026-01-01T00:00:00.12345Z", "2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.12345xZ", "2026-01-01T00:0:00Z",
		"2026-01-01T00:00:0Z", "2026-01-01T00-00-00Z", "+2026-01-01T00:00:00Z", "2026-01-01T00:00:00\"Z",
	}
	var cases []timeCase
	for name, layout := range map[string]string{"Time": time.RFC3339, "MicroTime": metav1.RFC3339Micro} {
		for _, text := range texts {
			parsed, err := time.Parse(layout, text)
			if err != nil {
				cases = append(cases, timeCase{Layout: name, Text: text, Error: err.Error()})
				continue
			}
			nanoseconds := new(big.Int).Mul(big.NewInt(parsed.Unix()), big.NewInt(1e9))
			nanoseconds.Add(nanoseconds, big.NewInt(int64(parsed.Nanosecond())))
			cases = append(cases, timeCase{
				Layout: name, Text: text, Nanoseconds: nanoseconds.String(),
				Time: parsed.UTC().Format(time.RFC3339), MicroTime: parsed.UTC().Format(metav1.RFC3339Micro),
			})
		}
	}
	sortBy(cases, func(c timeCase) string { return c.Layout + c.Text })
	write("times", cases)
}

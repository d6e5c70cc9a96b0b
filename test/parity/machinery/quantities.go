package main

import (
	"sort"
	"strconv"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func sortBy[A any](list []A, key func(A) string) {
	sort.SliceStable(list, func(i, j int) bool { return key(list[i]) < key(list[j]) })
}

type quantityCase struct {
	Text      string `json:"text"`
	Canonical string `json:"canonical,omitempty"`
	Format    string `json:"format,omitempty"`
	Value     string `json:"value,omitempty"`
	Milli     string `json:"milli,omitempty"`
	Number    string `json:"number,omitempty"`
	Error     string `json:"error,omitempty"`
}

type pairCase struct {
	Left  string `json:"left"`
	Right string `json:"right"`
	Order int    `json:"order"`
	Sum   string `json:"sum"`
	Minus string `json:"minus"`
}

func canonical(q resource.Quantity) string {
	number, suffix := q.CanonicalizeBytes(make([]byte, 0, 32))
	return string(number) + string(suffix)
}

func quantities() {
	texts := []string{
		"0", "1", "-1", "+1", "00", "007", "1.", ".5", "-.5", "+.5", ".", "-", "+", "0.0", "1.0", "1.50", "0.001", "0.0001",
		"0.000000001", "0.0000000001", "-0.0000000001", "1.0000000001", "-1.0000000001", "999999999.999999999",
		"1n", "1u", "1m", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei", "7Ei", "8Ei", "9Ei",
		"-7Ei", "-9Ei", "1.5Gi", "1.5Ki", "0.5Ki", "0.5Mi", "0.1Ki", "0.0001Ki", "1.1Ki", "-1.1Ki", "1023Ki", "1024Ki",
		"1025Ki", "512", "1024", "1000Ki", "1000m", "1500m", "100m", "1e3", "1E3", "1e-3", "1e+3", "1e0", "1e1", "1e2", "1e4",
		"12e6", "1.5e3", "1e18", "1e19", "1e21", "1e-9", "1e-10", "1e-12", "123456789", "1234567890123456789",
		"12345678901234567890", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "1000", "10000", "100000",
		"1000000", "1500000", "1234567", "1000k", "1000M", "1000G", "1000T", "1000P", "0.5", "0.25", "0.125", "2.5m", "2.5u",
		"2.5n", "0.5n", "100Mi", "128974848", "129e6", "129M", "123Mi", "1.2345Gi", "1.23456789123Ti", "0Ki", "0e3", "-0", "0m",
		"", " 1", "1 ", "a", "1a", "1K", "1ki", "1KI", "1mi", "1i", "1Kii", "1e", "1E+", "1e1.5", "1.2.3", "1,5", "1_000", "--1",
		"+-1", "1-", "1e99999999999999999999", "1Ki5", "Ki", "e3", "m", "0x10", "1.5GiB", "1µ", "NaN", "inf", "1 Gi", "1Gi\n",
		"1eE3", "1nn", "１", "1.Ki", ".5Ki", "5e", "5E", "5E5", "1k5", "1m5", "1n-3",
	}
	var cases []quantityCase
	var valid []string
	for _, text := range texts {
		q, err := resource.ParseQuantity(text)
		if err != nil {
			cases = append(cases, quantityCase{Text: text, Error: err.Error()})
			continue
		}
		c := quantityCase{
			Text: text, Canonical: canonical(q), Format: string(q.Format),
			Number: strconv.FormatFloat(q.AsFloat64Slow(), 'g', -1, 64),
		}
		// Larger amounts overflow in Go.
		if float := q.AsApproximateFloat64(); float < 9e15 && float > -9e15 {
			positive := q.DeepCopy()
			if q.Sign() < 0 {
				positive.Neg()
			}
			sign := ""
			if q.Sign() < 0 {
				sign = "-"
			}
			c.Value = sign + strconv.FormatInt(positive.Value(), 10)
			c.Milli = sign + strconv.FormatInt(positive.MilliValue(), 10)
		}
		cases = append(cases, c)
		valid = append(valid, text)
	}
	var pairs []pairCase
	for i, left := range valid {
		for j, right := range valid {
			if (i*31+j*17)%23 != 0 {
				continue
			}
			a, b := resource.MustParse(left), resource.MustParse(right)
			sum, minus := a.DeepCopy(), a.DeepCopy()
			sum.Add(b)
			minus.Sub(b)
			pairs = append(pairs, pairCase{left, right, a.Cmp(b), canonical(sum), canonical(minus)})
		}
	}
	write("quantities", map[string]any{"quantities": cases, "pairs": pairs})
}

type intOrStringCase struct {
	Value   intstr.IntOrString `json:"value"`
	Total   int                `json:"total"`
	RoundUp bool               `json:"roundUp"`
	Result  int                `json:"result"`
	Error   string             `json:"error,omitempty"`
}

func intOrStrings() {
	values := []intstr.IntOrString{
		intstr.FromInt32(0), intstr.FromInt32(7), intstr.FromInt32(-1), intstr.FromString("0%"), intstr.FromString("25%"),
		intstr.FromString("33%"), intstr.FromString("100%"), intstr.FromString("150%"), intstr.FromString("-10%"),
		intstr.FromString("+5%"), intstr.FromString("5"), intstr.FromString(""), intstr.FromString("%"), intstr.FromString("a%"),
		intstr.FromString("1.5%"), intstr.FromString("5%%"), intstr.FromString("http"), intstr.FromString(" 5%"),
		intstr.FromString("99999999999999999999%"), intstr.FromString("\"%"),
	}
	var cases []intOrStringCase
	for _, value := range values {
		for _, total := range []int{0, 1, 3, 10, 101} {
			for _, up := range []bool{true, false} {
				result, err := intstr.GetScaledValueFromIntOrPercent(&value, total, up)
				cases = append(cases, intOrStringCase{value, total, up, result, text(err)})
			}
		}
	}
	type parsed struct {
		Text  string             `json:"text"`
		Value intstr.IntOrString `json:"value"`
	}
	var texts []parsed
	for _, text := range []string{"", "5", "-5", "+5", "05", "2147483647", "2147483648", "-2147483648", "-2147483649", "5%", "http", "1.5", " 5"} {
		texts = append(texts, parsed{text, intstr.Parse(text)})
	}
	write("intorstring", map[string]any{"resolve": cases, "parse": texts})
}

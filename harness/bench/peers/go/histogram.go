package main

import "math/bits"

// Of a duration, its bucket keeps so many bits.
const (
	keptBits = 5
	steps    = 1 << keptBits
)

// histogram counts durations in log-linear buckets: 32 to each power of two, so a percentile is within 3 % of the
// truth.
type histogram struct {
	counts [(64 - keptBits + 1) * steps]uint64
	total  uint64
}

func (h *histogram) record(nanoseconds int64) {
	h.counts[bucket(uint64(nanoseconds))]++
	h.total++
}

// percentile is the duration, in nanoseconds, that a fraction of all does not exceed; 0 of none.
func (h *histogram) percentile(fraction float64) float64 {
	rank := uint64(fraction * float64(h.total))
	below := uint64(0)
	for i, count := range h.counts {
		below += count
		if below > rank || (below == h.total && below != 0) {
			return middle(i)
		}
	}
	return 0
}

func (h *histogram) percentiles() []figure {
	return []figure{
		{"p50_ns", h.percentile(0.5)},
		{"p90_ns", h.percentile(0.9)},
		{"p99_ns", h.percentile(0.99)},
		{"p999_ns", h.percentile(0.999)},
	}
}

func bucket(value uint64) int {
	if value < steps {
		return int(value)
	}
	magnitude := bits.Len64(value) - 1 - keptBits
	return (magnitude+1)*steps + int(value>>magnitude) - steps
}

func middle(index int) float64 {
	if index < steps {
		return float64(index)
	}
	magnitude := index/steps - 1
	width := float64(uint64(1) << magnitude)
	return float64(index%steps+steps)*width + width/2
}

// The benchmark runner of Go's channels. Names and meaning of the benchmarks are those of harness/bench/workloads.hpp.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

type options struct {
	messages uint64
	threads  []int
}

type benchmark struct {
	name string
	run  func() (outcome, error)
}

// suite is all benchmarks, in order.
func suite(o options) []benchmark {
	var all []benchmark
	add := func(shape, capacity string, threads int, run func() (outcome, error)) {
		all = append(all, benchmark{fmt.Sprintf("%s/%s/%d/iterations:1/manual_time", shape, capacity, threads), run})
	}
	// As many as there are messages is "n".
	for _, capacity := range []int{0, 1, 128, int(o.messages)} {
		capacity, name, messages := capacity, strconv.Itoa(capacity), o.messages
		if capacity == int(o.messages) {
			name = "n"
		}
		if capacity < 2 {
			messages /= 10
		}
		if capacity != 0 {
			add("seq", name, 1, func() (outcome, error) { return seq(capacity, messages) })
		}
		add("spsc", name, 1, func() (outcome, error) { return stream(capacity, messages, 1, 1) })
		for _, threads := range o.threads {
			threads := threads
			add("mpsc", name, threads, func() (outcome, error) { return stream(capacity, messages, threads, 1) })
			add("mpmc", name, threads, func() (outcome, error) { return stream(capacity, messages, threads, threads) })
			if threads == selectThreads {
				add("select_rx", name, threads, func() (outcome, error) { return selectRx(capacity, messages) })
				add("select_both", name, threads, func() (outcome, error) { return selectBoth(capacity, messages) })
			}
			if name == "128" {
				add("shares", name, threads, func() (outcome, error) { return shares(capacity, messages, threads) })
				add("consumer_shares", name, threads, func() (outcome, error) { return consumerShares(capacity, messages, threads) })
			}
		}
		switch name {
		case "0", "1":
			add("ping_pong", name, 1, func() (outcome, error) { return pingPong(capacity, o.messages/20, 0) })
		}
		switch name {
		case "1":
			const idle = 200 * time.Microsecond
			add("idle_ping_pong", name, 1, func() (outcome, error) { return pingPong(capacity, o.messages/1000, idle) })
			add("create", name, 1, func() (outcome, error) { return create(capacity, o.messages/10) })
		case "n":
			for _, rate := range []struct {
				name      string
				perSecond uint64
			}{{"10k", 10000}, {"100k", 100000}, {"1m", 1000000}} {
				// Half a second's worth, of a million messages.
				perSecond, sent := rate.perSecond, o.messages*rate.perSecond/2000000
				add("open_loop_"+rate.name, name, 1, func() (outcome, error) { return openLoop(capacity, sent, perSecond) })
			}
		}
	}
	return all
}

// measure gives the entry of Google Benchmark's JSON, and whether the run got all its messages.
func measure(b benchmark) (map[string]any, bool) {
	entry := map[string]any{"name": b.name}
	name := strings.TrimSuffix(b.name, "/iterations:1/manual_time")
	result, err := b.run()
	if err != nil {
		entry["error_occurred"] = true
		entry["error_message"] = err.Error()
		fmt.Printf("%-28s ERROR: %v\n", name, err)
		return entry, false
	}
	count := float64(result.messages)
	figures := []figure{
		{"messages", count},
		{"ns_per_message", float64(result.nanoseconds) / count},
		{"cpu_ns_per_message", result.cpuSeconds * 1e9 / count},
		{"switches_per_message", float64(result.contextSwitches) / count},
	}
	fmt.Printf("%-28s", name)
	for _, f := range append(figures, result.extra...) {
		entry[f.name] = f.value
		decimals := 0
		if f.value < 10 {
			decimals = 3
		}
		fmt.Printf(" %s=%.*f", f.name, decimals, f.value)
	}
	fmt.Println()
	return entry, true
}

// run returns the exit code: 0 done, 1 a workload lost messages.
func run(c command) (int, error) {
	var chosen []benchmark
	for _, b := range suite(c.options) {
		if c.filter.MatchString(b.name) {
			chosen = append(chosen, b)
		}
	}
	if len(chosen) == 0 {
		return 2, fmt.Errorf("no benchmark of go matches `%v`; --list names them", c.filter)
	}
	if c.list {
		for _, b := range chosen {
			fmt.Println(b.name)
		}
		return 0, nil
	}
	var out *os.File
	if c.json != "" {
		var err error
		if out, err = os.Create(c.json); err != nil {
			return 2, fmt.Errorf("cannot write --json: %w; name another file", err)
		}
		defer out.Close()
	}
	code := 0
	entries := []map[string]any{}
	for _, b := range chosen {
		entry, complete := measure(b)
		entries = append(entries, entry)
		if !complete {
			code = 1
		}
	}
	if out != nil {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err := encoder.Encode(map[string]any{
			"context": map[string]string{
				"channel":            "go",
				"pinned":             "no",
				"compiler":           runtime.Version(),
				"library_build_type": "release",
			},
			"benchmarks": entries,
		})
		if err != nil {
			return 2, fmt.Errorf("cannot write --json: %w; is the disk full?", err)
		}
	}
	return code, nil
}

func main() {
	c, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	code := 2
	if err == nil {
		code, err = run(c)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
)

const usage = `Throughput and latency of Go's channels, by the same workloads as sluice's.

usage: sluice-go-peers go [options]

Goroutines are not pinned to processors: --no-pin is accepted and changes nothing.

`

type command struct {
	options
	filter *regexp.Regexp
	json   string
	list   bool
}

// parse reads the command line: the same as that of sluice's own benchmark programs, but for the channel's name.
func parse(words []string) (command, error) {
	c := command{options: options{threads: []int{4}}}
	set := flag.NewFlagSet("sluice-go-peers", flag.ContinueOnError)
	set.SetOutput(io.Discard)
	filter := set.String("filter", "", "a regular `expression`: only benchmarks that match")
	messages := set.Uint64("messages", 1000000, "messages of one run; a tenth for capacities 0 and 1")
	set.Func("threads", "T, for shapes with many threads on a side: a `list` as in 1,2,8 (default 4)", c.setThreads)
	set.StringVar(&c.json, "json", "", "write the figures to this `file`, in Google Benchmark's form")
	set.Bool("no-pin", false, "changes nothing")
	smoke := set.Bool("smoke", false, "few messages: only that every workload runs and its sums are right")
	set.BoolVar(&c.list, "list", false, "name the benchmarks and stop")

	// The channel comes first, where flag would stop.
	channel := ""
	if len(words) > 0 && !strings.HasPrefix(words[0], "-") {
		channel, words = words[0], words[1:]
	}
	switch err := set.Parse(words); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Print(usage)
		set.SetOutput(os.Stdout)
		set.PrintDefaults()
		return c, err
	case err != nil:
		return c, fmt.Errorf("%w; --help lists the options", err)
	case channel == "" && set.NArg() == 0:
		return c, errors.New("name the channel: go; --help tells more")
	case channel == "" || set.NArg() > 0:
		return c, fmt.Errorf("`%s` is not an option; the channel comes first, then options as --help lists them", set.Arg(0))
	case channel != "go":
		return c, fmt.Errorf("there is no channel `%s`; take go", channel)
	}
	var err error
	if c.filter, err = regexp.Compile(*filter); err != nil {
		return c, fmt.Errorf("--filter is not a regular expression: %w; for example `^mpmc/128/4/`", err)
	}
	if c.messages = *messages; c.messages < 1000 || c.messages > 1000000000 {
		return c, fmt.Errorf("--messages takes numbers from 1000 to 1000000000, not `%d`", c.messages)
	}
	if *smoke {
		c.messages = 10000
	}
	return c, nil
}

func (o *options) setThreads(list string) error {
	o.threads = nil
	for _, word := range strings.Split(list, ",") {
		count, err := strconv.Atoi(word)
		if err != nil || count < 1 || count > 256 {
			return errors.New("it takes numbers from 1 to 256, as in 1,2,8")
		}
		o.threads = append(o.threads, count)
	}
	return nil
}

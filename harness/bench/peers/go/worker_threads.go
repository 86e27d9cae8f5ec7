package main

import (
	"sync"
	"syscall"
	"time"
)

var epoch = time.Now()

// now is the monotonic clock alone: time.Now reads the wall clock as well.
func now() int64 { return int64(time.Since(epoch)) }

// sample is what a timed span came to.
type sample struct {
	nanoseconds     int64
	cpuSeconds      float64 // of the whole process, over the same span
	contextSwitches int64
}

// span measures from startSpan to finish.
type span struct {
	usage syscall.Rusage
	start int64
}

func startSpan() span {
	s := span{usage: usageNow()}
	s.start = now()
	return s
}

func (s *span) finish() sample {
	end := now()
	before, after := s.usage, usageNow()
	return sample{
		nanoseconds:     end - s.start,
		cpuSeconds:      cpuSeconds(&after) - cpuSeconds(&before),
		contextSwitches: after.Nvcsw + after.Nivcsw - before.Nvcsw - before.Nivcsw,
	}
}

func usageNow() (usage syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage
}

func cpuSeconds(usage *syscall.Rusage) float64 {
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// workerThreads are goroutines that wait until all of them stand ready, to start together.
type workerThreads struct {
	ready, done sync.WaitGroup
	open        chan struct{}
}

func newWorkerThreads() *workerThreads { return &workerThreads{open: make(chan struct{})} }

func (c *workerThreads) spawn(job func()) {
	c.ready.Add(1)
	c.done.Add(1)
	go func() {
		defer c.done.Done()
		c.ready.Done()
		<-c.open
		job()
	}()
}

// run lets them go and waits for the last; that is what is timed.
func (c *workerThreads) run() sample {
	c.ready.Wait()
	timed := startSpan()
	close(c.open)
	c.done.Wait()
	return timed.finish()
}

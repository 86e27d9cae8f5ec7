package main

import (
	"fmt"
	"sync/atomic"
	"time"
)

// figure is one that only some workloads have.
type figure struct {
	name  string
	value float64
}

// outcome is what one run of a workload came to.
type outcome struct {
	sample
	messages uint64
	extra    []figure
}

func expect(what string, got, expected uint64) error {
	if got == expected {
		return nil
	}
	return fmt.Errorf("%s is %d, not %d: messages were lost or made up", what, got, expected)
}

// checked is the outcome, or an error: a run whose sums are wrong has no time.
func checked(s sample, sum, expected, messages uint64, extra ...figure) (outcome, error) {
	return outcome{s, messages, extra}, expect("the sum received", sum, expected)
}

func sumBelow(n uint64) uint64 {
	if n == 0 {
		return 0
	}
	return n * (n - 1) / 2
}

// seq: one goroutine sends n messages, in turns of the capacity, then receives them.
func seq(capacity int, messages uint64) (outcome, error) {
	channel := make(chan uint64, capacity)
	timed := startSpan()
	var sum uint64
	turn := uint64(capacity)
	for done := uint64(0); done < messages; {
		count := messages - done
		if count > turn {
			count = turn
		}
		for i := uint64(0); i < count; i++ {
			channel <- done + i
		}
		for i := uint64(0); i < count; i++ {
			sum += <-channel
		}
		done += count
	}
	return checked(timed.finish(), sum, sumBelow(messages), messages)
}

// closeAfterLast is called by each producer when it has sent all it had: Go's channels do not close by themselves.
func closeAfterLast(channel chan uint64, sending *int64) {
	if atomic.AddInt64(sending, -1) == 0 {
		close(channel)
	}
}

// stream: producers send n messages between them to the consumers.
func stream(capacity int, messages uint64, producers, consumers int) (outcome, error) {
	channel := make(chan uint64, capacity)
	threads := newWorkerThreads()
	sending := int64(producers)
	var sum uint64
	for p := 0; p < producers; p++ {
		first := uint64(p)
		threads.spawn(func() {
			for i := first; i < messages; i += uint64(producers) {
				channel <- i
			}
			closeAfterLast(channel, &sending)
		})
	}
	for c := 0; c < consumers; c++ {
		threads.spawn(func() {
			var mine uint64
			for message := range channel {
				mine += message
			}
			atomic.AddUint64(&sum, mine)
		})
	}
	return checked(threads.run(), sum, sumBelow(messages), messages)
}

// pingPong: a message goes to a second goroutine and comes back over another channel, n times; each round trip is
// timed. Both sides do nothing for as long as idle before each, outside the time.
func pingPong(capacity int, messages uint64, idle time.Duration) (outcome, error) {
	ping := make(chan uint64, capacity)
	pong := make(chan uint64, capacity)
	var times histogram
	var busy int64
	var sum uint64
	threads := newWorkerThreads()
	threads.spawn(func() {
		for i := uint64(0); i < messages; i++ {
			if idle != 0 {
				time.Sleep(idle)
			}
			start := now()
			ping <- i
			sum += <-pong
			took := now() - start
			busy += took
			times.record(took)
		}
		close(ping)
	})
	threads.spawn(func() {
		for message := range ping {
			pong <- message + 1
		}
	})
	s := threads.run()
	s.nanoseconds = busy
	return checked(s, sum, sumBelow(messages)+messages, messages, times.percentiles()...)
}

// openLoop: messages are sent at a fixed rate, whatever becomes of them, and each one's delay is from the time it was
// due. A sender that is late sends at once until it has caught up, so that its delays count as well.
func openLoop(capacity int, messages, perSecond uint64) (outcome, error) {
	channel := make(chan uint64, capacity)
	period := int64(1000000000 / perSecond)
	var start int64 // the first message publishes it
	var delays histogram
	var sum uint64
	threads := newWorkerThreads()
	threads.spawn(func() {
		start = now()
		for i := uint64(0); i < messages; i++ {
			for now() < start+int64(i)*period {
			}
			channel <- i
		}
		close(channel)
	})
	threads.spawn(func() {
		for message := range channel {
			delays.record(now() - (start + int64(message)*period))
			sum += message
		}
	})
	s := threads.run()
	return checked(s, sum, sumBelow(messages), messages, delays.percentiles()...)
}

// create: a channel is made, carries one message and is dropped, n times.
func create(capacity int, messages uint64) (outcome, error) {
	timed := startSpan()
	var sum uint64
	for i := uint64(0); i < messages; i++ {
		channel := make(chan uint64, capacity)
		channel <- i
		sum += <-channel
	}
	return checked(timed.finish(), sum, sumBelow(messages), messages)
}

// fairRun tells whether a workload that shows how fair a channel is has run for long enough: n messages, and a microsecond
// for each.
type fairRun struct {
	messages uint64
	start    time.Time
}

func (r fairRun) over(done uint64) bool {
	return done >= r.messages && done%1024 == 0 && time.Since(r.start) >= time.Duration(r.messages)*time.Microsecond
}

// share is what one thread of a side did: how many messages, and the longest time in which it did not get on.
type share struct {
	number  uint64
	last    time.Time
	longest time.Duration
}

// count looks at the clock rarely, so that what is measured is not slowed down.
func (s *share) count() {
	s.number++
	if s.number%64 == 0 {
		now := time.Now()
		if gap := now.Sub(s.last); gap > s.longest {
			s.longest = gap
		}
		s.last = now
	}
}

// fair gives the figures of a side's threads, by the number of messages of each.
func fair(s sample, numbers []uint64, threads []share) outcome {
	slowest, fastest, sum := numbers[0], numbers[0], uint64(0)
	for _, number := range numbers {
		if number < slowest {
			slowest = number
		}
		if number > fastest {
			fastest = number
		}
		sum += number
	}
	longest := time.Duration(0)
	for _, thread := range threads {
		if thread.longest > longest {
			longest = thread.longest
		}
	}
	return outcome{s, sum, []figure{
		{"slowest_over_fastest", float64(slowest) / float64(fastest)}, {"longest_wait_ns", float64(longest)}}}
}

// producerBits of a message number its producer.
const producerBits = 8

// shares: producers send as fast as they can until one consumer has n messages, for at least a microsecond a message:
// does each get its share, and how long does none of them get on?
func shares(capacity int, messages uint64, producers int) (outcome, error) {
	channel := make(chan uint64, capacity)
	threads := newWorkerThreads()
	sending := int64(producers)
	var stop atomic.Bool
	var sent, received uint64
	producing := make([]share, producers)
	counts := make([]uint64, producers)
	for p := 0; p < producers; p++ {
		number := uint64(p)
		threads.spawn(func() {
			mine := share{last: time.Now()}
			for !stop.Load() {
				channel <- mine.number<<producerBits | number
				mine.count()
			}
			producing[number] = mine
			atomic.AddUint64(&sent, mine.number)
			closeAfterLast(channel, &sending)
		})
	}
	threads.spawn(func() {
		run, over := fairRun{messages, time.Now()}, false
		for message := range channel {
			received++
			if over {
				continue
			}
			counts[message%(1<<producerBits)]++
			if run.over(received) {
				over = true
				stop.Store(true)
			}
		}
	})
	s := threads.run()
	if err := expect("the number received", received, sent); err != nil {
		return outcome{}, err
	}
	return fair(s, counts, producing), nil
}

// consumerShares: consumers receive what one producer sends, until it has sent n messages, for at least a microsecond each:
// does each get its share?
func consumerShares(capacity int, messages uint64, consumers int) (outcome, error) {
	channel := make(chan uint64, capacity)
	threads := newWorkerThreads()
	var sent, received uint64
	consuming := make([]share, consumers)
	threads.spawn(func() {
		for run := (fairRun{messages, time.Now()}); !run.over(sent); sent++ {
			channel <- 1
		}
		close(channel)
	})
	for c := 0; c < consumers; c++ {
		number := c
		threads.spawn(func() {
			mine := share{last: time.Now()}
			for range channel {
				mine.count()
			}
			consuming[number] = mine
		})
	}
	s := threads.run()
	counts := make([]uint64, consumers)
	for c, mine := range consuming {
		counts[c] = mine.number
		received += mine.number
	}
	if err := expect("the number received", received, sent); err != nil {
		return outcome{}, err
	}
	return fair(s, counts, consuming), nil
}

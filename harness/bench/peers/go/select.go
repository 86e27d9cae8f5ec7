package main

import "sync/atomic"

// A select statement has its cases in the source, so these are for four channels only: reflect.Select, which takes any
// number, is not what a user of Go would write for speed.
const selectThreads = 4

func fourChannels(capacity int) (c [selectThreads]chan uint64) {
	for i := range c {
		c[i] = make(chan uint64, capacity)
	}
	return c
}

// selectRx: producers, each with a channel of its own; one consumer takes from whichever has a message.
func selectRx(capacity int, messages uint64) (outcome, error) {
	channels := fourChannels(capacity)
	var sum uint64
	threads := newWorkerThreads()
	for p := 0; p < selectThreads; p++ {
		first, channel := uint64(p), channels[p]
		threads.spawn(func() {
			for i := first; i < messages; i += selectThreads {
				channel <- i
			}
		})
	}
	threads.spawn(func() { sum = receiveFromAny(channels, messages) })
	return checked(threads.run(), sum, sumBelow(messages), messages)
}

// selectBoth: each producer sends over whichever channel has room, each consumer takes from whichever has a message.
func selectBoth(capacity int, messages uint64) (outcome, error) {
	channels := fourChannels(capacity)
	var sum uint64
	threads := newWorkerThreads()
	for p := 0; p < selectThreads; p++ {
		first := uint64(p)
		threads.spawn(func() { sendToAny(channels, first, messages) })
	}
	for c := 0; c < selectThreads; c++ {
		count := (messages + selectThreads - 1 - uint64(c)) / selectThreads
		threads.spawn(func() { atomic.AddUint64(&sum, receiveFromAny(channels, count)) })
	}
	return checked(threads.run(), sum, sumBelow(messages), messages)
}

func receiveFromAny(channels [selectThreads]chan uint64, count uint64) (sum uint64) {
	c0, c1, c2, c3 := channels[0], channels[1], channels[2], channels[3]
	for i := uint64(0); i < count; i++ {
		var message uint64
		select {
		case message = <-c0:
		case message = <-c1:
		case message = <-c2:
		case message = <-c3:
		}
		sum += message
	}
	return sum
}

func sendToAny(channels [selectThreads]chan uint64, first, messages uint64) {
	c0, c1, c2, c3 := channels[0], channels[1], channels[2], channels[3]
	for i := first; i < messages; i += selectThreads {
		select {
		case c0 <- i:
		case c1 <- i:
		case c2 <- i:
		case c3 <- i:
		}
	}
}

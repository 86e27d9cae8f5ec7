// Go's chan behind the functions of channel.h.
package main

import (
	"time"

	"sluice/channel"
)

// A chan cannot be closed by its receivers: as is usual, a second one tells the senders that they have disconnected.
type goChan struct {
	messages              chan uint64
	receiversDisconnected chan struct{}
	destroy               func(message uint64)
}

func makeChan(capacity int, destroy func(message uint64)) channel.Channel {
	return &goChan{make(chan uint64, capacity), make(chan struct{}), destroy}
}

func (c *goChan) disconnected() bool {
	select {
	case <-c.receiversDisconnected:
		return true
	default:
		return false
	}
}

func (c *goChan) Send(message uint64, wait time.Duration) channel.Result {
	// Of several cases that are ready, select takes any.
	if c.disconnected() {
		return channel.Disconnected
	}
	// Before the timer: that its time is up would be as good a case.
	select {
	case c.messages <- message:
		return channel.OK
	default:
		if wait == 0 {
			return channel.NotNow
		}
	}
	late, stop := timer(wait)
	defer stop()
	select {
	case c.messages <- message:
		return channel.OK
	case <-c.receiversDisconnected:
		return channel.Disconnected
	case <-late:
		return channel.NotNow
	}
}

func (c *goChan) Recv(wait time.Duration) (uint64, channel.Result) {
	select {
	case message, open := <-c.messages:
		return message, received(open)
	default:
		if wait == 0 {
			return 0, channel.NotNow
		}
	}
	late, stop := timer(wait)
	defer stop()
	select {
	case message, open := <-c.messages:
		return message, received(open)
	case <-late:
		return 0, channel.NotNow
	}
}

func (c *goChan) CloseSenders() { close(c.messages) }

func (c *goChan) CloseReceivers() { close(c.receiversDisconnected) }

func (c *goChan) Len() int { return len(c.messages) }

func (c *goChan) Free() {
	for {
		message, result := c.Recv(0)
		if result != channel.OK {
			return
		}
		c.destroy(message)
	}
}

func received(open bool) channel.Result {
	if open {
		return channel.OK
	}
	return channel.Disconnected
}

// timer gives a channel that is ready when the time is up, never if there is no deadline, and what releases it.
func timer(wait time.Duration) (<-chan time.Time, func()) {
	if wait < 0 {
		return nil, func() {}
	}
	t := time.NewTimer(wait)
	return t.C, func() { t.Stop() }
}

func init() { channel.Export(makeChan) }

func main() {}

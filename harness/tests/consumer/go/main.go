// A channel in Go: a queue, one lock and two conditions. It has no deadlines, since sync.Cond has none.
package main

import (
	"sync"
	"time"

	"sluice/channel"
)

type queue struct {
	lock                                       sync.Mutex
	notEmpty, notFull                          *sync.Cond
	capacity                                   int
	messages                                   []uint64
	sendersDisconnected, receiversDisconnected bool
	destroy                                    func(message uint64)
}

func makeQueue(capacity int, destroy func(message uint64)) channel.Channel {
	q := &queue{capacity: capacity, destroy: destroy}
	q.notEmpty = sync.NewCond(&q.lock)
	q.notFull = sync.NewCond(&q.lock)
	return q
}

func (q *queue) full() bool { return q.capacity >= 0 && len(q.messages) == q.capacity }

func (q *queue) Send(message uint64, wait time.Duration) channel.Result {
	q.lock.Lock()
	defer q.lock.Unlock()
	for q.full() && !q.receiversDisconnected {
		if wait == 0 {
			return channel.NotNow
		}
		q.notFull.Wait()
	}
	if q.receiversDisconnected {
		return channel.Disconnected
	}
	q.messages = append(q.messages, message)
	q.notEmpty.Signal()
	return channel.OK
}

func (q *queue) Recv(wait time.Duration) (uint64, channel.Result) {
	q.lock.Lock()
	defer q.lock.Unlock()
	for len(q.messages) == 0 {
		if q.sendersDisconnected {
			return 0, channel.Disconnected
		}
		if wait == 0 {
			return 0, channel.NotNow
		}
		q.notEmpty.Wait()
	}
	message := q.messages[0]
	q.messages = q.messages[1:]
	q.notFull.Signal()
	return message, channel.OK
}

func (q *queue) CloseSenders() {
	q.lock.Lock()
	defer q.lock.Unlock()
	q.sendersDisconnected = true
	q.notEmpty.Broadcast()
}

func (q *queue) CloseReceivers() {
	q.lock.Lock()
	q.receiversDisconnected = true
	q.notFull.Broadcast()
	q.lock.Unlock()
	q.Free()
}

func (q *queue) Free() {
	for message, result := q.Recv(0); result == channel.OK; message, result = q.Recv(0) {
		q.destroy(message)
	}
}

func (q *queue) Len() int {
	q.lock.Lock()
	defer q.lock.Unlock()
	return len(q.messages)
}

func init() { channel.Export(makeQueue) }

func main() {}

// Package channel is what a channel written in Go needs to run under sluice's checks: implement Channel and register how
// one is made, in a package main that is built with -buildmode=c-archive.
package channel

/*
#include <stdlib.h>
#include "../../channel.h"

static void call_destroy(sluice_destroy destroy, uint64_t message) { destroy(message); }
*/
import "C"

import (
	"runtime/cgo"
	"time"
	"unsafe"
)

// Forever is the wait of an operation without a deadline; 0 is that of one that does not wait.
const Forever time.Duration = -1

// Result is what an operation tells.
type Result C.int

const (
	OK           Result = C.SLUICE_OK
	Disconnected Result = C.SLUICE_DISCONNECTED
	NotNow       Result = C.SLUICE_NOT_NOW
)

// A Channel as the harness uses it: one object for both sides, whose handles the harness counts.
type Channel interface {
	Send(message uint64, wait time.Duration) Result
	Recv(wait time.Duration) (uint64, Result)
	// CloseSenders is called once, while no Send runs, and none follows.
	CloseSenders()
	// CloseReceivers is called once, while no Recv runs, and none follows; sends may. It destroys the messages that are
	// left, unless the channel's traits say that it does not.
	CloseReceivers()
	// Free destroys the messages that are left. No operation runs or follows.
	Free()
	// Len is how many messages it holds, 0 if it cannot tell.
	Len() int
}

// Maker makes a channel; its capacity is negative if it is unbounded. It calls destroy for each message that it drops.
type Maker func(capacity int, destroy func(message uint64)) Channel

var maker Maker

// Export says how a channel is made. Call it from an init function.
func Export(m Maker) { maker = m }

func channelOf(address unsafe.Pointer) Channel { return (*(*cgo.Handle)(address)).Value().(Channel) }

//export channelMake
func channelMake(capacity C.int64_t, destroy C.sluice_destroy) unsafe.Pointer {
	made := maker(int(capacity), func(message uint64) { C.call_destroy(destroy, C.uint64_t(message)) })
	// Go's addresses must not stay in C's hands; a handle in C's memory may.
	address := C.malloc(C.size_t(unsafe.Sizeof(cgo.Handle(0))))
	*(*cgo.Handle)(address) = cgo.NewHandle(made)
	return address
}

//export channelFree
func channelFree(address unsafe.Pointer) {
	channelOf(address).Free()
	(*(*cgo.Handle)(address)).Delete()
	C.free(address)
}

//export channelSend
func channelSend(address unsafe.Pointer, message C.uint64_t, wait C.int64_t) C.int {
	return C.int(channelOf(address).Send(uint64(message), time.Duration(wait)))
}

//export channelRecv
func channelRecv(address unsafe.Pointer, message *C.uint64_t, wait C.int64_t) C.int {
	received, result := channelOf(address).Recv(time.Duration(wait))
	if result == OK {
		*message = C.uint64_t(received)
	}
	return C.int(result)
}

//export channelCloseSenders
func channelCloseSenders(address unsafe.Pointer) { channelOf(address).CloseSenders() }

//export channelCloseReceivers
func channelCloseReceivers(address unsafe.Pointer) { channelOf(address).CloseReceivers() }

//export channelSize
func channelSize(address unsafe.Pointer) C.uint64_t { return C.uint64_t(channelOf(address).Len()) }

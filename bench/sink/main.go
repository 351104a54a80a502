// Command sink answers every POST with 204 and counts it: an HTTP/1.1 server that does nothing else, so that
// it is never what limits a benchmark. One thread, epoll, no allocation per request.
//
// PORT says where it listens. SINK_COUNTER names a file whose first eight bytes are the count (little endian,
// memory-mapped): reading it costs the sink nothing.
package main

import (
	"bytes"
	"log"
	"os"
	"strconv"
	"sync/atomic"
	"syscall"
	"unsafe"
)

const bufferSize = 64 << 10

var (
	answer        = []byte("HTTP/1.1 204 No Content\r\n\r\n")
	endOfHead     = []byte("\r\n\r\n")
	contentLength = []byte("\r\ncontent-length:")
	chunked       = []byte("\r\ntransfer-encoding:")
)

// connection holds what was read and not answered, and how much of a body is still to come.
type connection struct {
	buffer    []byte
	have      int
	remaining int
}

// take consumes whole requests and gives how many there were; false: this is not HTTP as it is spoken here.
func (c *connection) take() (requests int, ok bool) {
	at := 0
	for at < c.have {
		if c.remaining > 0 {
			step := min(c.remaining, c.have-at)
			c.remaining -= step
			at += step
			if c.remaining == 0 {
				requests++
			}
			continue
		}
		head := bytes.Index(c.buffer[at:c.have], endOfHead)
		if head < 0 {
			break
		}
		length, known := bodyLength(c.buffer[at : at+head+2])
		if !known {
			return requests, false
		}
		at += head + len(endOfHead)
		if c.remaining = length; length == 0 {
			requests++
		}
	}
	c.have = copy(c.buffer, c.buffer[at:c.have])
	return requests, c.have < len(c.buffer)
}

// bodyLength reads Content-Length in any case of letters; a request without one has no body.
func bodyLength(head []byte) (int, bool) {
	if indexFold(head, chunked) >= 0 {
		return 0, false
	}
	at := indexFold(head, contentLength)
	if at < 0 {
		return 0, true
	}
	value := head[at+len(contentLength):]
	value = bytes.TrimSpace(value[:bytes.IndexByte(value, '\r')])
	length := 0
	for _, digit := range value {
		if digit < '0' || digit > '9' {
			return 0, false
		}
		length = length*10 + int(digit-'0')
	}
	return length, len(value) > 0
}

// indexFold finds a lower-case pattern; only letters are folded.
func indexFold(text, pattern []byte) int {
	for at := 0; at+len(pattern) <= len(text); at++ {
		next := bytes.IndexByte(text[at:], pattern[0])
		if next < 0 {
			return -1
		}
		at += next
		if at+len(pattern) <= len(text) && bytes.EqualFold(text[at:at+len(pattern)], pattern) {
			return at
		}
	}
	return -1
}

func main() {
	port, err := strconv.Atoi(os.Getenv("PORT"))
	must(err)
	counter := counterAt(os.Getenv("SINK_COUNTER"))
	listener, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_NONBLOCK, 0)
	must(err)
	must(syscall.SetsockoptInt(listener, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1))
	must(syscall.Bind(listener, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}))
	must(syscall.Listen(listener, 1024))
	poll, err := syscall.EpollCreate1(0)
	must(err)
	must(syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, listener, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(listener)}))
	os.Stdout.WriteString("ready\n")
	serve(poll, listener, counter)
}

func serve(poll, listener int, counter *uint64) {
	connections := map[int]*connection{}
	events := make([]syscall.EpollEvent, 256)
	for {
		ready, err := syscall.EpollWait(poll, events, -1)
		if err == syscall.EINTR {
			continue
		}
		must(err)
		for _, event := range events[:ready] {
			fd := int(event.Fd)
			if fd == listener {
				accept(poll, listener, connections)
			} else if !answerAll(fd, connections[fd], counter) {
				syscall.Close(fd)
				delete(connections, fd)
			}
		}
	}
}

func accept(poll, listener int, connections map[int]*connection) {
	for {
		fd, _, err := syscall.Accept4(listener, syscall.SOCK_NONBLOCK)
		if err != nil {
			return
		}
		syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
		must(syscall.EpollCtl(poll, syscall.EPOLL_CTL_ADD, fd, &syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}))
		connections[fd] = &connection{buffer: make([]byte, bufferSize)}
	}
}

// answerAll reads once and answers what is complete; false: the connection is done with.
func answerAll(fd int, c *connection, counter *uint64) bool {
	n, err := syscall.Read(fd, c.buffer[c.have:])
	if err == syscall.EAGAIN || err == syscall.EINTR {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	c.have += n
	requests, ok := c.take()
	for i := 0; i < requests; i++ {
		// 27 bytes to a peer that reads: a full send buffer means that it does not.
		if written, err := syscall.Write(fd, answer); err != nil || written != len(answer) {
			return false
		}
	}
	atomic.AddUint64(counter, uint64(requests))
	return ok
}

func counterAt(path string) *uint64 {
	if path == "" {
		return new(uint64)
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	must(err)
	must(file.Truncate(8))
	page, err := syscall.Mmap(int(file.Fd()), 0, 8, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	must(err)
	return (*uint64)(unsafe.Pointer(&page[0]))
}

func must(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

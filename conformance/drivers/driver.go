// go get github.com/gorilla/websocket; wsconform client -- go run driver.go {server}
package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/gorilla/websocket"
)

// The connection of a resource, until it ends; the last message.
func visit(uri string, echoes bool) (last []byte) {
	connection, _, err := websocket.DefaultDialer.Dial(uri, nil)
	if err != nil {
		return nil // the suite has its own record
	}
	defer connection.Close()
	for {
		kind, message, err := connection.ReadMessage()
		if err != nil {
			return last
		}
		last = message
		if echoes && connection.WriteMessage(kind, message) != nil {
			return last
		}
	}
}

func main() {
	server := os.Args[1]
	count, _ := strconv.Atoi(string(visit(server+"/getCaseCount", false)))
	for number := 1; number <= count; number++ {
		visit(fmt.Sprintf("%s/runCase?case=%d&agent=gorilla", server, number), true)
	}
	visit(server+"/updateReports?agent=gorilla", false)
}

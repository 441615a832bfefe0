package driver

// ConnectionReasons are the reasons, as the drivers spell them in an attempt's outcome, that say
// that a connection was refused, lost or not to be had, rather than that the database answered
// with an error: the sockets' side of the generator's health. Where a driver's library does not
// tell a reset from a refusal, there is one reason for both.
var ConnectionReasons = map[string]string{
	"ConnectionRefused": "the address accepted no connection",
	"ConnectionReset":   "the other side reset the connection",
	"ConnectionClosed":  "the connection was closed before the answer was complete",
	"NameNotResolved":   "the address' name was not resolved",
	"NetworkError":      "the network failed in another way",

	"NETWORK_ERROR":                    "a connection was refused, reset or closed",
	"NO_AVAILABLE_CONNECTIONS_TO_NODE": "every connection to the node was in use until the attempt's time was up",
}

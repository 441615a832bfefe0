package dynamodb

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"crossover/driver"
	"crossover/driver/clock"
)

// Credentials that the tests would recognise anywhere. They are AWS's own examples, and a
// token that cannot be one.
const (
	fakeKey    = "AKIAIOSFODNN7EXAMPLE"
	fakeSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	fakeToken  = "token-of-nobody-0123456789/abcdef=="
)

func withCredentials(t *testing.T) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", fakeKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", fakeSecret)
	t.Setenv("AWS_SESSION_TOKEN", fakeToken)
}

// leaks returns which credentials, or which of a signature, are in a text.
func leaks(text string) (found []string) {
	for _, secret := range []string{fakeKey, fakeSecret, fakeToken, "Signature=", "SignedHeaders", "123456789012"} {
		if strings.Contains(text, secret) {
			found = append(found, secret)
		}
	}
	return found
}

// A server that sends back whatever it was sent gets none of it past the driver.
func TestCredentialsStayInside(t *testing.T) {
	withCredentials(t)
	f := start(t, scenario(t, small, mixedOps), "retries: {attempts: 1}")
	signed := false
	f.mu.Lock()
	f.hook = func(w http.ResponseWriter, r *http.Request, name string, _ int) bool {
		signed = signed || strings.Contains(r.Header.Get("Authorization"), fakeKey) && r.Header.Get("X-Amz-Security-Token") == fakeToken
		echo := fmt.Sprintf("headers %v; Credential=%s/x, SecretAccessKey: %s; token %s; arn:aws:dynamodb:us-east-1:123456789012:table/t", r.Header, fakeKey, fakeSecret, fakeToken)
		text, err := json.Marshal(echo)
		if err != nil {
			panic(err)
		}
		switch name {
		case "DescribeTable":
			answer(w, map[string]any{"Table": map[string]any{"TableName": tableName, "TableStatus": "ACTIVE", "TableArn": echo, "Echo": echo}})
		case "GetItem":
			http.Error(w, echo, http.StatusBadGateway) // no JSON: the SDK quotes it
		case "ListTagsOfResource", "BatchWriteItem":
			refuse(w, http.StatusBadRequest, "AccessDeniedException", echo)
		default:
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"__type":"ThrottlingException","message":%s,"ThrottlingReasons":[{"reason":%s}]}`, text, text)
		}
		return true
	}
	f.mu.Unlock()

	d := f.driver.(*Driver)
	said := map[string]string{}
	for i := range uint64(6) {
		o, out := f.do(t, i)
		if out.Err == nil {
			t.Fatalf("%v succeeded", o.Kind)
		}
		said[fmt.Sprint(o.Kind, i)] = fmt.Sprintf("%v %+v %#v %s %v", out.Err, out.Err, out.Err.Error(), out.Reason, out.Attempts)
	}
	about, err := d.Describe(t.Context())
	if err != nil || !json.Valid(about.Raw) {
		t.Errorf("description %s, error %v", about.Raw, err)
	}
	said["description"] = jsonOf(t, about)
	sample, err := d.Sample(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	said["sample"] = jsonOf(t, sample)
	d.table.ready = false
	for what, err := range map[string]error{"Provision": d.Provision(t.Context()), "Drop": d.Drop(t.Context()), "Load": d.Load(t.Context(), 0, 1, func(uint64) {})} {
		if err == nil {
			t.Fatalf("%s succeeded", what)
		}
		said[what] = err.Error()
	}
	if !signed {
		t.Fatal("the requests were not signed with the credentials: nothing is shown by this test")
	}
	for what, text := range said {
		if found := leaks(text); found != nil {
			t.Errorf("%s holds %q: %s", what, found, text)
		}
	}
}

// Without credentials in the environment, a server on this host gets a placeholder, and no
// other source of credentials is asked.
func TestLoopbackNeedsNoCredentials(t *testing.T) {
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY", "AWS_SECRET_KEY", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	s := startStandin(t)
	var signedBy []string
	s.hook = func(_ http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		signedBy = append(signedBy, r.Header.Get("Authorization"))
		return false
	}
	if err := on(t, s, scenario(t, small, mixedOps), "").Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
	if slices.ContainsFunc(signedBy, func(h string) bool { return !strings.Contains(h, "Credential=crossover/") }) {
		t.Errorf("signed by %q", signedBy)
	}
}

// The embedded server never sees a credential, even where there are some.
func TestEmbeddedServerGetsNoCredentials(t *testing.T) {
	withCredentials(t)
	s := startStandin(t)
	s.hook = func(_ http.ResponseWriter, r *http.Request, _ string, _ int) bool {
		if found := leaks(fmt.Sprint(r.Header)); slices.Contains(found, fakeKey) || slices.Contains(found, fakeToken) {
			t.Errorf("sent %q", found)
		}
		return false
	}
	d, err := openDriver(t, clock.Real(), scenario(t, small, mixedOps), strings.TrimPrefix(s.server.URL, "http://"), "at: embedded")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.(driver.Provisioner).Provision(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// An endpoint that the environment names is not where `at: aws` goes.
func TestAWSIsAWS(t *testing.T) {
	withCredentials(t)
	t.Setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
	t.Setenv("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1")
	t.Setenv("AWS_CONFIG_FILE", t.TempDir()+"/none")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", t.TempDir()+"/none")
	opened, err := openDriver(t, clock.Real(), scenario(t, small, mixedOps), "", "at: aws, region: eu-central-1")
	if err != nil {
		t.Fatal(err)
	}
	if d := opened.(*Driver); d.options.BaseEndpoint != nil || d.options.Region != "eu-central-1" {
		t.Errorf("endpoint %v, region %s", d.options.BaseEndpoint, d.options.Region)
	}
}

func TestIsLoopback(t *testing.T) {
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:8000": true, "http://[::1]:8000": true, "http://localhost:8000": true, "http://127.9.9.9": true,
		"": false, "http://10.0.0.1:8000": false, "https://dynamodb.us-east-1.amazonaws.com": false, "http://localhost.example": false,
	} {
		if got := isLoopback(endpoint); got != want {
			t.Errorf("isLoopback(%q) = %v", endpoint, got)
		}
	}
}

package imports

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// A Manifest is an export's manifest-summary.json and manifest-files.json (DynamoDB Developer
// Guide, "DynamoDB table export output format").
type Manifest struct {
	Dir         string
	Table       string // from the table's ARN
	Incremental bool
	ExportTime  time.Time // of a full export
	From, To    time.Time // of an incremental one
	OldImages   bool      // an incremental one has images before and after
	Items       int64     // as the summary says; -1 when it does not
	Files       []DataFile
	Bare        bool // there are no manifests: data files only
}

// A DataFile is one of an export's.
type DataFile struct {
	Path  string // on this machine; "" when it is not there
	Key   string // in S3
	Items int64  // as the manifest says; -1 when it does not
	MD5   []byte
	ETag  string
}

// ReadManifest finds out what an export's directory holds.
func ReadManifest(dir string) (*Manifest, error) {
	m := &Manifest{Dir: dir, Items: -1}
	summary, err := os.Open(filepath.Join(dir, "manifest-summary.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return m, m.bare()
	}
	if err != nil {
		return nil, err
	}
	defer summary.Close()
	if err := m.summary(summary.Name(), summary); err != nil {
		return nil, err
	}
	files, err := os.Open(filepath.Join(dir, "manifest-files.json"))
	if err != nil {
		return nil, err
	}
	defer files.Close()
	return m, m.files(files.Name(), files)
}

// bare lists the data files of a directory without manifests.
func (m *Manifest) bare() error {
	m.Bare = true
	for _, pattern := range []string{"data/*.json.gz", "*.json.gz"} {
		list, err := filepath.Glob(filepath.Join(m.Dir, pattern))
		if err != nil {
			return err
		}
		sort.Strings(list)
		for _, p := range list {
			m.Files = append(m.Files, DataFile{Path: p, Key: p, Items: -1})
		}
	}
	if len(m.Files) == 0 {
		return at(m.Dir, 0, -1, errors.New("no manifest-summary.json and no *.json.gz, expected the directory of an export"))
	}
	return nil
}

func (m *Manifest) summary(file string, r io.Reader) error {
	var s struct {
		OutputFormat, ExportType, TableArn, OutputView string
		ItemCount                                      *int64
		ExportTime, ExportFromTime, ExportToTime       stamp
	}
	if err := document(file, r, &s); err != nil {
		return err
	}
	if s.OutputFormat != "DYNAMODB_JSON" {
		return at(file, 0, -1, fmt.Errorf("outputFormat %q, expected DYNAMODB_JSON (an export in Ion is not read)", s.OutputFormat))
	}
	switch s.ExportType {
	case "", "FULL_EXPORT":
	case "INCREMENTAL_EXPORT":
		m.Incremental = true
		if !s.ExportFromTime.Before(s.ExportToTime.Time) {
			return at(file, 0, -1, errors.New("an incremental export without exportFromTime before exportToTime"))
		}
	default:
		return at(file, 0, -1, fmt.Errorf("exportType %q, expected FULL_EXPORT or INCREMENTAL_EXPORT", s.ExportType))
	}
	if s.ItemCount != nil {
		m.Items = *s.ItemCount
	}
	// The Developer Guide and the API disagree on the values' spelling; OLD is in the one that counts.
	m.OldImages = strings.Contains(s.OutputView, "OLD")
	m.ExportTime, m.From, m.To = s.ExportTime.Time, s.ExportFromTime.Time, s.ExportToTime.Time
	if _, name, ok := strings.Cut(s.TableArn, ":table/"); ok {
		m.Table, _, _ = strings.Cut(name, "/")
	}
	return nil
}

// maxManifestLine bounds a line of manifest-files.json, which has some hundred bytes.
const maxManifestLine = 1 << 16

func (m *Manifest) files(file string, r io.Reader) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxManifestLine)
	offset := int64(0)
	for n := 1; lines.Scan(); n++ {
		text := lines.Bytes()
		fail := func(err error) error { return at(file, n, offset, err) }
		if len(strings.TrimSpace(string(text))) > 0 {
			var x struct {
				ItemCount                        *int64
				Md5Checksum, Etag, DataFileS3Key string
			}
			if err := json.Unmarshal(text, &x); err != nil {
				return fail(err)
			}
			if x.DataFileS3Key == "" {
				return fail(errors.New("no dataFileS3Key"))
			}
			f := DataFile{Key: x.DataFileS3Key, Items: -1, ETag: x.Etag, Path: m.find(x.DataFileS3Key)}
			if x.ItemCount != nil {
				f.Items = *x.ItemCount
			}
			if x.Md5Checksum != "" {
				sum, err := base64.StdEncoding.DecodeString(x.Md5Checksum)
				if err != nil || len(sum) != 16 {
					return fail(fmt.Errorf("md5Checksum %q, expected 16 bytes in base64", x.Md5Checksum))
				}
				f.MD5 = sum
			}
			m.Files = append(m.Files, f)
		}
		offset += int64(len(text)) + 1
	}
	if err := lines.Err(); err != nil {
		return at(file, 0, offset, err)
	}
	return nil
}

// find returns where a data file is. Full exports keep them in data below the export's own
// directory, incremental ones in a folder that exports share, beside it.
func (m *Manifest) find(key string) string {
	base := path.Base(key)
	if base == "." || base == "/" || base == ".." {
		return ""
	}
	for _, p := range []string{filepath.Join(m.Dir, "data", base), filepath.Join(m.Dir, "..", "data", base), filepath.Join(m.Dir, base)} {
		if info, err := os.Stat(p); err == nil && info.Mode().IsRegular() {
			return p
		}
	}
	return ""
}

package imports

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"
)

// maxLine bounds a line of an export: an incremental one has an item twice, and escapes make
// six bytes of one.
const maxLine = 16 << 20

// An Export is what was counted of an export to S3, whole or a sample of its files.
type Export struct {
	Manifest   *Manifest
	FilesRead  int
	Compressed int64 // bytes read from disk
	Text       int64 // bytes of JSON

	Items      uint64 // items of a full export, records of an incremental one
	Sizes      Sizes  // of the items; of new images in an incremental export
	PerItem    uint64 // attributes in all, without the keys
	Attributes Attributes
	Keys       Keys // partition keys, with their items or changed items

	Expires Spans // full: from the export to the time-to-live attribute's time
	Lives   Spans // incremental: from the write to that time

	Inserted, Updated, Deleted, Written uint64 // of an incremental export; Written where old images are not there
	Warnings                            []string
}

// ExportOptions say what to look for.
type ExportOptions struct {
	PartitionKey, SortKey string
	TTLAttribute          string // "" looks for none
	MaxFiles              int    // read so many of the files, evenly chosen; 0 reads all

	Progress func(filesDone, filesAll int, compressed int64) // called now and then; may be nil
}

// ReadExport streams through an export. Memory does not depend on the export's size.
func ReadExport(ctx context.Context, dir string, o ExportOptions) (*Export, error) {
	m, err := ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	e := &Export{Manifest: m}
	if m.Bare {
		e.warn("%s has no manifests: whether files are missing or damaged cannot be told", dir)
	}
	todo, absent := e.choose(o.MaxFiles)
	if len(todo) == 0 && len(m.Files) > 0 {
		return nil, at(dir, 0, -1, fmt.Errorf("none of the manifest's %d data files is there", len(m.Files)))
	}
	x := &exportReader{e: e, o: o}
	told := int64(0)
	for i, f := range todo {
		err := x.file(ctx, f, func() {
			if o.Progress != nil && e.Compressed-told >= 8<<20 {
				told = e.Compressed
				o.Progress(i, len(todo), e.Compressed)
			}
		})
		if err != nil {
			return nil, err
		}
		e.FilesRead++
	}
	if o.Progress != nil {
		o.Progress(len(todo), len(todo), e.Compressed)
	}
	if whole := !m.Bare && absent == 0 && len(todo) == len(m.Files); whole && m.Items >= 0 && uint64(m.Items) != e.Items {
		e.warn("%s: the summary says %d items, its files hold %d", dir, m.Items, e.Items)
	}
	if e.Sizes.above > 0 {
		e.warn("%s: %d items count more than DynamoDB's 400 KiB; they were counted as 400 KiB", dir, e.Sizes.above)
	}
	return e, nil
}

func (e *Export) warn(format string, args ...any) {
	e.Warnings = append(e.Warnings, fmt.Sprintf(format, args...))
}

// Sampled returns the share of the export's items that was read, by the manifest's own counts.
func (e *Export) Sampled() float64 {
	if e.Manifest.Items <= 0 {
		return 1
	}
	return min(float64(e.Items)/float64(e.Manifest.Items), 1)
}

// choose returns the files to read. A file holds one range of hashed partition keys, so that
// any choice of files is a choice of keys at random.
func (e *Export) choose(most int) (todo []DataFile, absent int) {
	for _, f := range e.Manifest.Files {
		if f.Path == "" {
			absent++
			continue
		}
		todo = append(todo, f)
	}
	if absent > 0 {
		e.warn("%s: %d of %d data files are not there; the others were taken as a sample", e.Manifest.Dir, absent, len(e.Manifest.Files))
	}
	if most > 0 && most < len(todo) {
		chosen := make([]DataFile, 0, most)
		for i := range most {
			chosen = append(chosen, todo[i*len(todo)/most])
		}
		e.warn("%s: read %d of %d data files, as asked", e.Manifest.Dir, most, len(todo))
		todo = chosen
	}
	return todo, absent
}

// An exportReader holds what is used from line to line.
type exportReader struct {
	e     *Export
	o     ExportOptions
	scan  scanner
	rec   record
	buf   []byte
	inner *bufio.Reader
	line  int
	text  int64 // offset of the line in the file's text
}

// counted notes how many bytes were read, and hashes them.
type counted struct {
	r   io.Reader
	n   *int64
	sum hash.Hash
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	*c.n += int64(n)
	c.sum.Write(p[:n])
	return n, err
}

// file reads one data file and checks it against the manifest. An empty one is a partition
// without items.
func (x *exportReader) file(ctx context.Context, f DataFile, progress func()) (err error) {
	in, err := os.Open(f.Path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	c := &counted{in, &x.e.Compressed, md5.New()} // MD5 is what the manifest has
	raw := bufio.NewReaderSize(c, 256<<10)
	before := x.e.Items
	if _, peekErr := raw.Peek(1); !errors.Is(peekErr, io.EOF) {
		z, err := gzip.NewReader(raw)
		if err != nil {
			return at(f.Path, 0, 0, err)
		}
		if err := x.lines(ctx, f.Path, z, progress); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return at(f.Path, 0, -1, err)
	}
	sum := c.sum.Sum(nil)
	if f.MD5 != nil && !bytes.Equal(sum, f.MD5) {
		return at(f.Path, 0, -1, fmt.Errorf("its MD5 is %x, the manifest has %x", sum, f.MD5))
	}
	if want, ok := etagOf(sum, f.ETag); !ok {
		return at(f.Path, 0, -1, fmt.Errorf("its ETag would be %s, the manifest has %s", want, f.ETag))
	}
	if got := x.e.Items - before; f.Items >= 0 && uint64(f.Items) != got {
		return at(f.Path, 0, -1, fmt.Errorf("it holds %d items, the manifest says %d", got, f.Items))
	}
	return nil
}

// etagOf compares a file with its ETag in S3: the MD5, or for an upload of one part the MD5 of
// the MD5 with "-1". An upload of several parts or an encrypted one cannot be told and passes.
func etagOf(sum []byte, etag string) (want string, ok bool) {
	etag = strings.Trim(etag, `"`)
	switch body, parts, multipart := strings.Cut(etag, "-"); {
	case multipart && parts == "1" && len(body) == 32:
		again := md5.Sum(sum)
		want = hex.EncodeToString(again[:]) + "-1"
	default:
		// A plain ETag is the MD5 only without SSE-KMS, and the manifest has the MD5 itself.
		return "", true
	}
	return want, want == strings.ToLower(etag)
}

// lines reads a file's records.
func (x *exportReader) lines(ctx context.Context, file string, z io.Reader, progress func()) error {
	if x.inner == nil {
		x.inner = bufio.NewReaderSize(z, 256<<10)
	} else {
		x.inner.Reset(z)
	}
	x.line, x.text = 0, 0
	for {
		line, err := x.next()
		if err != nil && !errors.Is(err, io.EOF) {
			return at(file, x.line+1, x.text, err)
		}
		if len(line) == 0 && err != nil {
			return nil
		}
		x.line++
		if len(bytes.TrimSpace(line)) > 0 {
			if parse := x.scan.record(bytes.TrimRight(line, "\r\n"), &x.rec); parse != nil {
				return at(file, x.line, x.text+int64(x.scan.offset), parse)
			}
			if wrong := x.count(); wrong != nil {
				return at(file, x.line, x.text, wrong)
			}
		}
		x.text += int64(len(line))
		x.e.Text += int64(len(line))
		if x.line%1024 == 0 {
			progress()
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
}

// next returns a line with its newline.
func (x *exportReader) next() ([]byte, error) {
	line, err := x.inner.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	x.buf = x.buf[:0]
	for errors.Is(err, bufio.ErrBufferFull) {
		x.buf = append(x.buf, line...)
		if len(x.buf) > maxLine {
			return nil, fmt.Errorf("a line of more than %d bytes", maxLine)
		}
		line, err = x.inner.ReadSlice('\n')
	}
	x.buf = append(x.buf, line...)
	return x.buf, err
}

// count adds the record.
func (x *exportReader) count() error {
	r, e := &x.rec, x.e
	if r.hasKeys != e.Manifest.Incremental {
		if !e.Manifest.Bare || e.Items > 0 {
			return errors.New("a record of a full export among those of an incremental one, or the reverse")
		}
		e.Manifest.Incremental = true
	}
	im, keyed := &r.full, &r.full
	if r.hasKeys {
		im, keyed = &r.new, &r.keys
		switch {
		case r.hasNew && r.hasOld:
			e.Updated++
		case r.hasNew && e.Manifest.OldImages:
			e.Inserted++
		case r.hasNew:
			e.Written++ // an insert or an update
		default:
			e.Deleted++
		}
	}
	key := keyed.find(x.o.PartitionKey)
	if key == nil {
		return fmt.Errorf("an item without the partition key %q", x.o.PartitionKey)
	}
	e.Items++
	e.Keys.add(key.hash)
	if r.hasKeys && !r.hasNew {
		return nil
	}
	e.Sizes.add(im.size)
	for i := range im.attributes {
		a := &im.attributes[i]
		e.Attributes.add(a)
		if string(a.name) != x.o.PartitionKey && string(a.name) != x.o.SortKey {
			e.PerItem++
		}
	}
	x.expiry(im)
	return nil
}

// expiry counts the time-to-live attribute, which DynamoDB heeds when it is a number of
// seconds since 1970.
func (x *exportReader) expiry(im *image) {
	if x.o.TTLAttribute == "" {
		return
	}
	a := im.find(x.o.TTLAttribute)
	if a == nil || a.kind != "N" {
		return
	}
	at, err := strconv.ParseFloat(string(a.value), 64)
	if err != nil {
		return
	}
	switch m := x.e.Manifest; {
	case x.rec.written > 0:
		x.e.Lives.add(at - float64(x.rec.written)/1e6)
	case !m.Incremental && !m.ExportTime.IsZero():
		x.e.Expires.add(at - float64(m.ExportTime.Unix()))
	}
}

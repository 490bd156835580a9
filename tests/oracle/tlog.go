// The tests' second opinion about trees, notes and logs: Go's own golang.org/x/mod/sumdb.
//
//	tlog proofs N            the root of each tree of up to N leaves, digests of all its proofs
//	tlog open VKEY           the names of the keys that a note on standard input is signed with
//	tlog sign SKEY           a note of the text on standard input
//	tlog read DIR VKEY       reads a log: checkpoint, every tile, every entry
//	tlog prove DIR VKEY I    proves entry I of a log, from its tiles, to the checkpoint
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "proofs":
		count, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			return err
		}
		return proofs(count)
	case len(args) == 2 && args[0] == "open":
		return open(args[1])
	case len(args) == 2 && args[0] == "sign":
		return sign(args[1])
	case len(args) == 3 && args[0] == "read":
		return read(args[1], args[2])
	case len(args) == 4 && args[0] == "prove":
		return prove(args[1], args[2], args[3])
	}
	return errors.New("usage: see the head of this file")
}

// proofs prints for each tree over "entry 0", "entry 1", ... its size and root, a digest of the
// inclusion proofs of all its leaves, and one of the consistency proofs from all smaller trees.
func proofs(count int64) error {
	var stored []tlog.Hash
	hashes := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		found := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			found[i] = stored[index]
		}
		return found, nil
	})
	for size := int64(0); size <= count; size++ {
		root, err := tlog.TreeHash(size, hashes)
		if err != nil {
			return err
		}
		inclusion, consistency := sha256.New(), sha256.New()
		for index := int64(0); index < size; index++ {
			path, err := tlog.ProveRecord(size, index, hashes)
			if err != nil {
				return err
			}
			for _, hash := range path {
				inclusion.Write(hash[:])
			}
			older, err := tlog.ProveTree(size, index+1, hashes)
			if err != nil {
				return err
			}
			for _, hash := range older {
				consistency.Write(hash[:])
			}
		}
		fmt.Println(size, hex.EncodeToString(root[:]), hex.EncodeToString(inclusion.Sum(nil)),
			hex.EncodeToString(consistency.Sum(nil)))
		more, err := tlog.StoredHashes(size, []byte(fmt.Sprintf("entry %d", size)), hashes)
		if err != nil {
			return err
		}
		stored = append(stored, more...)
	}
	return nil
}

func open(vkey string) error {
	document, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	opened, err := openNote(document, vkey)
	if err != nil {
		return err
	}
	for _, signature := range opened.Sigs {
		fmt.Println(signature.Name)
	}
	return nil
}

func openNote(document []byte, vkey string) (*note.Note, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, err
	}
	return note.Open(document, note.VerifierList(verifier))
}

func sign(skey string) error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	document, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(document)
	return err
}

// A served log: tiles are looked up under the paths of c2sp.org/tlog-tiles.
type served struct {
	dir  string
	tree tlog.Tree
}

func (log served) Height() int { return tileHeight }

func (log served) SaveTiles([]tlog.Tile, [][]byte) {}

func (log served) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		data, err := os.ReadFile(log.path(strconv.Itoa(tile.L), tile.N, tile.W))
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

func (log served) path(level string, index int64, width int) string {
	number := fmt.Sprintf("%03d", index%1000)
	for index >= 1000 {
		index /= 1000
		number = fmt.Sprintf("x%03d/%s", index%1000, number)
	}
	path := filepath.Join(log.dir, "tile", level, number)
	if width < 1<<tileHeight {
		path += fmt.Sprintf(".p/%d", width)
	}
	return path
}

func (log served) entries() ([][]byte, error) {
	var entries [][]byte
	for int64(len(entries)) < log.tree.N {
		width := log.tree.N - int64(len(entries))
		if width > 1<<tileHeight {
			width = 1 << tileHeight
		}
		bundle, err := os.ReadFile(log.path("entries", int64(len(entries))>>tileHeight, int(width)))
		if err != nil {
			return nil, err
		}
		for ; len(bundle) > 0; width-- {
			length := 0
			if len(bundle) >= 2 {
				length = int(binary.BigEndian.Uint16(bundle))
			}
			if len(bundle) < 2+length {
				return nil, fmt.Errorf("the bundle behind entry %d ends within one", len(entries))
			}
			entries = append(entries, bundle[2:2+length])
			bundle = bundle[2+length:]
		}
		if width != 0 {
			return nil, fmt.Errorf("a bundle has %d entries too few", width)
		}
	}
	return entries, nil
}

func openLog(dir, vkey string) (served, error) {
	document, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return served{}, err
	}
	opened, err := openNote(document, vkey)
	if err != nil {
		return served{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != opened.Sigs[0].Name {
		return served{}, fmt.Errorf("not a checkpoint: %q", opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return served{}, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return served{}, err
	}
	log := served{dir: dir, tree: tlog.Tree{N: size}}
	copy(log.tree.Hash[:], root)
	return log, nil
}

// read verifies every entry against its leaf in the tiles, and these against the checkpoint.
func read(dir, vkey string) error {
	log, err := openLog(dir, vkey)
	if err != nil {
		return err
	}
	entries, err := log.entries()
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(log.tree, log)
	for index, entry := range entries {
		leaf, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		if err != nil {
			return err
		}
		if leaf[0] != tlog.RecordHash(entry) {
			return fmt.Errorf("entry %d is not that of its leaf", index)
		}
	}
	fmt.Println(log.tree.N, hex.EncodeToString(log.tree.Hash[:]))
	return nil
}

func prove(dir, vkey, text string) error {
	index, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return err
	}
	log, err := openLog(dir, vkey)
	if err != nil {
		return err
	}
	path, err := tlog.ProveRecord(log.tree.N, index, tlog.TileHashReader(log.tree, log))
	if err != nil {
		return err
	}
	var printed bytes.Buffer
	for _, hash := range path {
		printed.WriteString(base64.StdEncoding.EncodeToString(hash[:]) + "\n")
	}
	_, err = os.Stdout.Write(printed.Bytes())
	return err
}

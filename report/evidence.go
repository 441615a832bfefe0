package report

import "strconv"

// assumptions lists what nobody measured.
func assumptions(d Doc) ([]section, error) {
	if d.Cost == nil || len(d.Cost.Assumptions) == 0 {
		return nil, nil
	}
	t := &tableBlock{Caption: "Assumptions; `crossover tco --what-if NAME=VALUE` re-prices with another value", Head: []string{"name", "what", "value", "where from"}}
	for _, a := range d.Cost.Assumptions {
		t.Rows = append(t.Rows, []cell{plain(a.Name), plain(a.Title), fig(a.Figure, "assumptions/"+a.Name), plain(origin(a.Figure))})
	}
	return []section{{ID: "assumptions", Title: "Assumptions", Blocks: []block{{Table: t}}}}, nil
}

// fairness prints the checks that the manifests hold.
func fairness(d Doc) ([]section, error) {
	t := &tableBlock{Caption: "Rules of a fair comparison (docs/fairness.md), as far as these runs can answer them", Head: []string{"rule", "", "target", "result", "detail"}}
	for _, r := range d.Runs {
		for _, c := range r.Manifest.Fairness {
			t.Rows = append(t.Rows, []cell{num(strconv.Itoa(c.Rule)), plain(c.Name), plain(r.Manifest.Target.Name), plain(c.Result), plain(c.Detail)})
		}
	}
	if len(t.Rows) == 0 {
		return nil, nil
	}
	return []section{{ID: "fairness", Title: "Was it fair?", Blocks: []block{{Fold: &fold{Summary: "The rules, one by one", Blocks: []block{{Table: t}}}}}}}, nil
}

// reproduce says how to get the same again.
func reproduce(d Doc) ([]section, error) {
	s := section{ID: "reproduce", Title: "How to reproduce"}
	list := make([]text, len(d.Reproduce))
	for i, c := range d.Reproduce {
		list[i] = text{Text: c}
	}
	if len(list) > 0 {
		s.Blocks = append(s.Blocks, block{List: list})
	}
	t := &tableBlock{Caption: "Digests", Head: []string{"what", "digest"}}
	for _, r := range d.Runs {
		t.Rows = append(t.Rows,
			[]cell{plain(r.Manifest.Target.Name + ": scenario file"), plain(r.Manifest.ScenarioDigest)},
			[]cell{plain(r.Manifest.Target.Name + ": stream of operations"), plain(r.Manifest.StreamDigest)},
			[]cell{plain(r.Manifest.Target.Name + ": run"), plain(r.Manifest.Run)})
	}
	if d.Cost != nil {
		t.Rows = append(t.Rows, []cell{plain("price book"), plain(d.Cost.BookDigest)})
	}
	if len(t.Rows) > 0 {
		s.Blocks = append(s.Blocks, block{Table: t})
	}
	if len(s.Blocks) == 0 {
		return nil, nil
	}
	return []section{s}, nil
}

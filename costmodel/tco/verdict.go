package tco

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"crossover/costmodel"
	"crossover/costmodel/aerospike"
	"crossover/costmodel/dynamodb"
	"crossover/results/figure"
)

// When a verdict is given rather than "undetermined". Both are this tool's own conventions.
const (
	// Confident is the least share of draws in which the cheaper system must be the cheaper one.
	Confident = 0.90
	// Material is the least difference, as a share of the DynamoDB cost, that is worth a decision.
	Material = 0.10
)

// english groups digits by commas, whatever the machine's locale.
var english = message.NewPrinter(language.English)

func dollars(v float64) string { return english.Sprintf("$%.0f", math.Abs(v)) }

// verdict weighs the two cheapest offers.
func (m *model) verdict(ctx context.Context, r *Result) error {
	v := &r.Verdict
	v.Basis = m.basis()
	v.Because, v.MeasureNext = []string{}, []string{}
	d, a := best(r, dynamodb.System), best(r, aerospike.System)
	if d == nil || a == nil {
		m.unpriced(r, d, a)
		return nil
	}
	p := m.portfolio(m.cfg, 1)
	at := m.cheapest(m.book, p)
	saving := figure.Derive(cents(d.Total.Value-a.Total.Value), "USD", "cheapest DynamoDB offer − cheapest Aerospike offer, over the horizon",
		figure.In(d.Name, costmodel.See(d.Total, "offers/"+d.Name+"/total")), figure.In(a.Name, costmodel.See(a.Total, "offers/"+a.Name+"/total")))
	hard := figure.Derive(cents(d.TotalHard.Value-a.TotalHard.Value), "USD", "the same two offers without people",
		figure.In(d.Name, costmodel.See(d.TotalHard, "offers/"+d.Name+"/total_hard")), figure.In(a.Name, costmodel.See(a.TotalHard, "offers/"+a.Name+"/total_hard")))
	v.Saving, v.SavingHard = &saving, &hard
	doubts := m.doubts(r, p)
	ch, err := m.sample(ctx, doubts)
	if err != nil {
		return err
	}
	r.Uncertainty = m.uncertainty(ch)
	m.decide(r, d, a, ch, m.flips(p, doubts))
	v.Flip = m.flipOf(p, at)
	r.CashFlow = m.cashFlow(d, a)
	m.because(r, p, d, a, at, ch)
	m.next(r, p, at, doubts)
	return nil
}

func cents(v float64) float64 { return math.Round(v*100) / 100 }

// basis says what kind of knowledge the verdict rests on.
func (m *model) basis() string {
	switch {
	case m.real:
		return "capacity units measured (" + strings.Join(m.sources, "; ") + "); the Aerospike cluster modelled and assumed; list prices"
	case len(m.sources) > 0:
		return "modelled and assumed: no run on a real target. Capacity units from " + strings.Join(m.sources, "; ") + "; list prices"
	}
	return "modelled and assumed: no run on a real target. Capacity units computed from the scenario; list prices"
}

// unpriced is the verdict when a system could not be priced.
func (m *model) unpriced(r *Result, d, a *Offer) {
	v := &r.Verdict
	v.Decision = Undetermined
	var missing []string
	for system, o := range map[string]*Offer{dynamodb.System: d, aerospike.System: a} {
		if o == nil {
			missing = append(missing, systemName(system))
		}
	}
	slices.Sort(missing)
	v.Sentence = fmt.Sprintf("No offer of %s could be priced in %s.", strings.Join(missing, " nor of "), r.Region)
	for _, o := range r.Offers {
		if o.Status != statusPriced && slices.Contains(missing, systemName(o.System)) {
			v.Because = append(v.Because, fmt.Sprintf("%s: %s: %s", o.Title, o.Status, o.Reason))
		}
	}
	v.MeasureNext = append(v.MeasureNext, "Give the missing prices in a price book of your own (--book), or change what excludes the offers: see the list of offers.")
}

// decide chooses between migrate, stay and undetermined.
func (m *model) decide(r *Result, d, a *Offer, ch *sample, flips []doubt) {
	v := &r.Verdict
	saving := v.Saving.Value
	share := saving / d.Total.Value
	name, won, decision := systemName(aerospike.System), ch.chance(), Migrate
	if saving <= 0 {
		name, won, decision = systemName(dynamodb.System), 1-ch.chance(), Stay
	}
	probability := figure.New(won, "share", figure.Modelled, fmt.Sprintf("%d seeded draws of the assumptions within their plausible ranges", m.draws))
	probability.Note = fmt.Sprintf("share of draws in which %s is cheaper; assumptions drawn evenly and independently", name)
	v.Probability = &probability
	var doubtful []string
	for _, f := range flips {
		doubtful = append(doubtful, fmt.Sprintf("%s (%s confidence)", f.price.Key, f.price.Confidence))
	}
	over := fmt.Sprintf("over %d months", r.Horizon)
	less := fmt.Sprintf("%s would cost %s less %s than %s (%.0f %% of the DynamoDB cost)", a.Title, dollars(saving), over, d.Title, 100*share)
	if saving <= 0 {
		less = fmt.Sprintf("%s would cost %s more %s than %s (%.0f %% of the DynamoDB cost)", a.Title, dollars(saving), over, d.Title, -100*share)
	}
	switch {
	case len(doubtful) > 0:
		v.Decision = Undetermined
		v.Sentence = fmt.Sprintf("%s, but within the plausible range of %s the other system is cheaper.", less, strings.Join(doubtful, " and of "))
		v.Because = append(v.Because, "A price that nobody has read at its source decides: "+strings.Join(doubtful, ", ")+".")
	case math.Abs(share) < Material:
		v.Decision = Undetermined
		v.Sentence = fmt.Sprintf("%s; less than %.0f %% is not worth a decision.", less, 100*Material)
	case won < Confident:
		v.Decision = Undetermined
		v.Sentence = fmt.Sprintf("%s, but %s is cheaper in only %.0f %% of the draws of the assumptions; %.0f %% are asked for.", less, name, 100*won, 100*Confident)
		if decision == Migrate && ch.without() > 1-Confident {
			v.Sentence = fmt.Sprintf("%s, but in %.0f %% of the draws of the assumptions no Aerospike offer can be priced.", less, 100*ch.without())
		}
	case decision == Migrate:
		v.Decision = Migrate
		v.Sentence = fmt.Sprintf("Migrate, on cost: %s.", less)
	default:
		v.Decision = Stay
		v.Sentence = fmt.Sprintf("Stay on DynamoDB: %s.", less)
	}
}

// because says what the verdict hangs on.
func (m *model) because(r *Result, p *costmodel.Portfolio, d, a *Offer, at map[string]pick, ch *sample) {
	v := &r.Verdict
	add := func(format string, args ...any) { v.Because = append(v.Because, fmt.Sprintf(format, args...)) }
	add("Cheapest DynamoDB offer: %s, %s over %d months; largest line: %s.", d.Title, dollars(d.Total.Value), r.Horizon, largestLine(d))
	add("Cheapest Aerospike offer: %s, %s over %d months; largest line: %s.", a.Title, dollars(a.Total.Value), r.Horizon, largestLine(a))
	if o, ok := at[aerospike.System].offer.(*aerospike.Offer); ok {
		month := busiestMonth(p)
		binding, rate := o.Binding(p, month)
		where := "set by the configuration, not by the load"
		if slices.ContainsFunc(levers, func(l lever) bool { return l.name == binding }) {
			where = "an assumed rate that no run has measured"
		}
		add("Its node count is bound by %s in month %d (%s); a node then serves %s operations/s at the peak.", binding, month+1, where, english.Sprintf("%.0f", rate))
	}
	if ch.unpriced > 0 {
		add("In %.0f %% of the draws no Aerospike offer could be priced (see the reasons for which offers are excluded); they count for DynamoDB.", 100*ch.without())
	}
	add("Within the plausible ranges of the assumptions Aerospike is cheaper in %.0f %% of %d draws; its saving runs from %.0f %% to %.0f %% of the DynamoDB cost (5th to 95th percentile of the draws that could be priced).", 100*ch.chance(), m.draws, 100*quantile(ch.shares, 0.05), 100*quantile(ch.shares, 0.95))
	word := func(f figure.Figure) string {
		if f.Value > 0 {
			return "less"
		}
		return "more"
	}
	add("Without people (engineers' time, the migration's included) the same Aerospike offer costs %s %s.", dollars(v.SavingHard.Value), word(*v.SavingHard))
	if (v.Saving.Value > 0) != (v.SavingHard.Value > 0) {
		add("People decide: with and without engineers' time the cheaper system is not the same.")
	}
	if strings.HasPrefix(a.Name, "aerospike-ce") {
		r.Warnings = append(r.Warnings, "Rule 4 of a fair comparison (same security) is not kept: the cheapest Aerospike offer is Community Edition, without TLS, authentication and encryption at rest, which DynamoDB always has.")
		add("The Aerospike offer is Community Edition: no TLS, authentication, encryption at rest, rack awareness or strong consistency. DynamoDB has TLS, authentication and encryption always. Enterprise Edition has no public list price.")
	}
	if z := bestZoned(r); z != nil && z.Name != a.Name {
		add("With three copies over three zones, nearer to what DynamoDB keeps, the cheapest Aerospike offer costs %s over %d months (%s).", dollars(z.Total.Value), r.Horizon, z.Title)
	}
}

// bestZoned is the cheapest Aerospike offer that is sized to lose a zone.
func bestZoned(r *Result) *Offer {
	for i := range r.Offers {
		if o := &r.Offers[i]; o.System == aerospike.System && o.Status == statusPriced && strings.Contains(o.Name, "az") {
			return o
		}
	}
	return nil
}

func largestLine(o *Offer) string {
	var top Line
	for _, l := range o.Lines {
		if !l.Once && math.Abs(l.Amount.Value) >= math.Abs(top.Amount.Value) {
			top = l
		}
	}
	return fmt.Sprintf("%s, %s in the first month", top.Title, dollars(top.Amount.Value))
}

// next says what to measure or to find out, the most telling first.
func (m *model) next(r *Result, p *costmodel.Portfolio, at map[string]pick, doubts []doubt) {
	v := &r.Verdict
	add := func(format string, args ...any) { v.MeasureNext = append(v.MeasureNext, fmt.Sprintf(format, args...)) }
	if v.Flip != nil {
		if v.Flip.Name == "operations/s per node" {
			add("Operations/s of one Aerospike node with this workload on the instance type priced, at the objectives: the verdict changes at %.0f.", v.Flip.At.Value)
		} else {
			add("%s: now %s, the cheaper system changes at %s.", v.Flip.Name, v.Flip.Now, v.Flip.At)
		}
	}
	if !m.real {
		add("Capacity units per operation on a real DynamoDB table: a run with a budget, or the table's own consumed-capacity metrics.")
	}
	add("The load over a day and its growth, from the table's own metrics (ConsumedReadCapacityUnits and ConsumedWriteCapacityUnits by minute).")
	for _, d := range doubts {
		add("The price %s in %s: it has %s confidence in the price book.", d.price.Key, r.Region, d.price.Confidence)
	}
	if p.Config.Aerospike.LicenceUSD < 0 {
		add("A quotation for Aerospike Enterprise Edition (cost.aerospike.licence_usd_per_unique_tb_year), if TLS, authentication or rack awareness are needed.")
	}
}

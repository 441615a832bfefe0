package cdt

// The operations' codes (server source, proto.h).
const (
	listSetType             = 0
	listAppend              = 1
	listAppendItems         = 2
	listInsert              = 3
	listInsertItems         = 4
	listPop                 = 5
	listPopRange            = 6
	listRemove              = 7
	listRemoveRange         = 8
	listSet                 = 9
	listTrim                = 10
	listClear               = 11
	listIncrement           = 12
	listSort                = 13
	listSize                = 16
	listGet                 = 17
	listGetRange            = 18
	listGetByIndex          = 19
	listGetByValue          = 20
	listGetByRank           = 21
	listGetAllByValue       = 22
	listGetByValueList      = 23
	listGetByIndexRange     = 24
	listGetByValueInterval  = 25
	listGetByRankRange      = 26
	listGetByRelRank        = 27
	listRemoveByIndex       = 32
	listRemoveByValue       = 33
	listRemoveByRank        = 34
	listRemoveAllByValue    = 35
	listRemoveByValueList   = 36
	listRemoveByIndexRange  = 37
	listRemoveValueInterval = 38
	listRemoveByRankRange   = 39
	listRemoveByRelRank     = 40

	mapSetType             = 64
	mapAdd                 = 65
	mapAddItems            = 66
	mapPut                 = 67
	mapPutItems            = 68
	mapReplace             = 69
	mapReplaceItems        = 70
	mapIncrement           = 73
	mapDecrement           = 74
	mapClear               = 75
	mapRemoveByKey         = 76
	mapRemoveByIndex       = 77
	mapRemoveByValue       = 78
	mapRemoveByRank        = 79
	mapRemoveByKeyList     = 81
	mapRemoveAllByValue    = 82
	mapRemoveByValueList   = 83
	mapRemoveKeyInterval   = 84
	mapRemoveByIndexRange  = 85
	mapRemoveValueInterval = 86
	mapRemoveByRankRange   = 87
	mapRemoveByRelIndex    = 88
	mapRemoveByRelRank     = 89
	mapSize                = 96
	mapGetByKey            = 97
	mapGetByIndex          = 98
	mapGetByValue          = 99
	mapGetByRank           = 100
	mapGetAllByValue       = 102
	mapGetByKeyInterval    = 103
	mapGetByIndexRange     = 104
	mapGetByValueInterval  = 105
	mapGetByRankRange      = 106
	mapGetByKeyList        = 107
	mapGetByValueList      = 108
	mapGetByRelIndex       = 109
	mapGetByRelRank        = 110
)

// choice is how an operation chooses elements.
type choice uint8

const (
	none choice = iota
	byIndex
	byRank
	byKey
	byValue
	byRelativeIndex
	byRelativeRank
	byKeys   // a list of keys
	byValues // a list of values
)

// An operation is what there is to know of a code: its parameters by their kinds (i an index,
// c a count, f flags, p a value, s a value to be stored), how many of them may be left out, and
// for those that read or remove elements how these are chosen.
type operation struct {
	params   string
	optional int
	modifies bool
	chooses  choice
	multi    bool // several elements, and the answer is a list
	plain    bool // no return type is given: the answer is values, or how many were removed
}

var operations = map[int]operation{
	listSetType:     {params: "f", modifies: true},
	listAppend:      {params: "sff", optional: 2, modifies: true},
	listAppendItems: {params: "sff", optional: 2, modifies: true},
	listInsert:      {params: "isf", optional: 1, modifies: true},
	listInsertItems: {params: "isf", optional: 1, modifies: true},
	listPop:         {params: "i", modifies: true, chooses: byIndex, plain: true},
	listPopRange:    {params: "ic", optional: 1, modifies: true, chooses: byIndex, plain: true, multi: true},
	listRemove:      {params: "i", modifies: true, chooses: byIndex, plain: true},
	listRemoveRange: {params: "ic", optional: 1, modifies: true, chooses: byIndex, plain: true, multi: true},
	listSet:         {params: "isf", optional: 1, modifies: true},
	listTrim:        {params: "ic", modifies: true, chooses: byIndex, plain: true, multi: true},
	listClear:       {modifies: true},
	listIncrement:   {params: "ipff", optional: 3, modifies: true},
	listSort:        {params: "f", optional: 1, modifies: true},

	listSize:     {},
	listGet:      {params: "i", chooses: byIndex, plain: true},
	listGetRange: {params: "ic", optional: 1, chooses: byIndex, plain: true, multi: true},

	listGetByIndex:         {params: "fi", chooses: byIndex},
	listGetByValue:         {params: "fp", chooses: byValue},
	listGetByRank:          {params: "fi", chooses: byRank},
	listGetAllByValue:      {params: "fp", chooses: byValue, multi: true},
	listGetByValueList:     {params: "fp", chooses: byValues, multi: true},
	listGetByIndexRange:    {params: "fic", optional: 1, chooses: byIndex, multi: true},
	listGetByValueInterval: {params: "fpp", optional: 1, chooses: byValue, multi: true},
	listGetByRankRange:     {params: "fic", optional: 1, chooses: byRank, multi: true},
	listGetByRelRank:       {params: "fpic", optional: 1, chooses: byRelativeRank, multi: true},

	listRemoveByIndex:       {params: "fi", modifies: true, chooses: byIndex},
	listRemoveByValue:       {params: "fp", modifies: true, chooses: byValue},
	listRemoveByRank:        {params: "fi", modifies: true, chooses: byRank},
	listRemoveAllByValue:    {params: "fp", modifies: true, chooses: byValue, multi: true},
	listRemoveByValueList:   {params: "fp", modifies: true, chooses: byValues, multi: true},
	listRemoveByIndexRange:  {params: "fic", optional: 1, modifies: true, chooses: byIndex, multi: true},
	listRemoveValueInterval: {params: "fpp", optional: 1, modifies: true, chooses: byValue, multi: true},
	listRemoveByRankRange:   {params: "fic", optional: 1, modifies: true, chooses: byRank, multi: true},
	listRemoveByRelRank:     {params: "fpic", optional: 1, modifies: true, chooses: byRelativeRank, multi: true},

	mapSetType:      {params: "f", modifies: true},
	mapAdd:          {params: "ssf", optional: 1, modifies: true},
	mapAddItems:     {params: "sf", optional: 1, modifies: true},
	mapPut:          {params: "ssff", optional: 2, modifies: true},
	mapPutItems:     {params: "sff", optional: 2, modifies: true},
	mapReplace:      {params: "ss", modifies: true},
	mapReplaceItems: {params: "s", modifies: true},
	mapIncrement:    {params: "spf", optional: 2, modifies: true},
	mapDecrement:    {params: "spf", optional: 2, modifies: true},
	mapClear:        {modifies: true},

	mapRemoveByKey:         {params: "ip", modifies: true, chooses: byKey},
	mapRemoveByIndex:       {params: "ii", modifies: true, chooses: byIndex},
	mapRemoveByValue:       {params: "ip", modifies: true, chooses: byValue},
	mapRemoveByRank:        {params: "ii", modifies: true, chooses: byRank},
	mapRemoveByKeyList:     {params: "ip", modifies: true, chooses: byKeys, multi: true},
	mapRemoveAllByValue:    {params: "ip", modifies: true, chooses: byValue, multi: true},
	mapRemoveByValueList:   {params: "ip", modifies: true, chooses: byValues, multi: true},
	mapRemoveKeyInterval:   {params: "ipp", optional: 1, modifies: true, chooses: byKey, multi: true},
	mapRemoveByIndexRange:  {params: "iic", optional: 1, modifies: true, chooses: byIndex, multi: true},
	mapRemoveValueInterval: {params: "ipp", optional: 1, modifies: true, chooses: byValue, multi: true},
	mapRemoveByRankRange:   {params: "iic", optional: 1, modifies: true, chooses: byRank, multi: true},
	mapRemoveByRelIndex:    {params: "ipic", optional: 1, modifies: true, chooses: byRelativeIndex, multi: true},
	mapRemoveByRelRank:     {params: "ipic", optional: 1, modifies: true, chooses: byRelativeRank, multi: true},

	mapSize:               {},
	mapGetByKey:           {params: "ip", chooses: byKey},
	mapGetByIndex:         {params: "ii", chooses: byIndex},
	mapGetByValue:         {params: "ip", chooses: byValue},
	mapGetByRank:          {params: "ii", chooses: byRank},
	mapGetAllByValue:      {params: "ip", chooses: byValue, multi: true},
	mapGetByKeyInterval:   {params: "ipp", optional: 1, chooses: byKey, multi: true},
	mapGetByIndexRange:    {params: "iic", optional: 1, chooses: byIndex, multi: true},
	mapGetByValueInterval: {params: "ipp", optional: 1, chooses: byValue, multi: true},
	mapGetByRankRange:     {params: "iic", optional: 1, chooses: byRank, multi: true},
	mapGetByKeyList:       {params: "ip", chooses: byKeys, multi: true},
	mapGetByValueList:     {params: "ip", chooses: byValues, multi: true},
	mapGetByRelIndex:      {params: "ipic", optional: 1, chooses: byRelativeIndex, multi: true},
	mapGetByRelRank:       {params: "ipic", optional: 1, chooses: byRelativeRank, multi: true},
}

// Package imports reads what AWS's own tools say of a DynamoDB table, from files alone, and
// makes of it a scenario: describe-table and its companions, CloudWatch's metrics, Contributor
// Insights' reports, exports to S3, access logs. It writes nothing and calls nothing.
//
//	files ──► readers (Table, []Series, Report, Export, Trace) ──► Assemble ──► Draft ──► Write
//
// Every value of the scenario that comes out carries the file and the metric that it was read
// from, or that it was assumed and why. What two sources say differently is reported with both
// figures. Readers are strict where a wrong value would pass for a right one, and tolerant
// where AWS's tools differ among themselves.
package imports

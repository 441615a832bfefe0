#!/usr/bin/env bash
# Drives a DynamoDB endpoint with the AWS CLI: create, load, query, transact, throttle, stream.
set -euo pipefail
endpoint=$1
export AWS_ACCESS_KEY_ID=none AWS_SECRET_ACCESS_KEY=none AWS_DEFAULT_REGION=us-east-1 AWS_PAGER='' AWS_MAX_ATTEMPTS=1
db() { aws dynamodb --endpoint-url "$endpoint" --output json "$@"; }
checks=0
# same NAME WANT GOT ends the script when the two differ.
same() {
  [ "$2" = "$3" ] || { printf 'cli: %s: %s, want %s\n' "$1" "$3" "$2" >&2; exit 1; }
  checks=$((checks + 1))
  echo "ok  cli: $1"
}

db create-table --table-name Cli --billing-mode PAY_PER_REQUEST \
  --attribute-definitions AttributeName=p,AttributeType=S AttributeName=s,AttributeType=N AttributeName=g,AttributeType=S \
  --key-schema AttributeName=p,KeyType=HASH AttributeName=s,KeyType=RANGE \
  --global-secondary-indexes 'IndexName=by-g,KeySchema=[{AttributeName=g,KeyType=HASH}],Projection={ProjectionType=ALL}' \
  --stream-specification StreamEnabled=true,StreamViewType=NEW_IMAGE >/dev/null
db wait table-exists --table-name Cli
same create ACTIVE "$(db describe-table --table-name Cli --query Table.TableStatus --output text)"

requests=$(for i in $(seq 20); do
  printf '%s{"PutRequest":{"Item":{"p":{"S":"x"},"s":{"N":"%s"},"g":{"S":"g"}}}}' "$([ "$i" -gt 1 ] && echo ,)" "$i"
done)
same load 0 "$(db batch-write-item --request-items "{\"Cli\":[$requests]}" --query 'length(UnprocessedItems)')"
same query 20 "$(db query --table-name Cli --page-size 3 --key-condition-expression 'p = :p' \
  --expression-attribute-values '{":p":{"S":"x"}}' --query 'length(Items)')"
same 'query an index' 20 "$(db query --table-name Cli --index-name by-g --key-condition-expression 'g = :g' \
  --expression-attribute-values '{":g":{"S":"g"}}' --select COUNT --query Count)"
same scan 20 "$(db scan --table-name Cli --page-size 7 --query 'length(Items)')"
same transact 2.0 "$(db transact-write-items --return-consumed-capacity TOTAL --transact-items \
  '[{"Delete":{"TableName":"Cli","Key":{"p":{"S":"x"},"s":{"N":"99"}}}}]' --query 'ConsumedCapacity[0].CapacityUnits')"
failed=$(db transact-write-items --transact-items \
  '[{"Delete":{"TableName":"Cli","Key":{"p":{"S":"x"},"s":{"N":"99"}},"ConditionExpression":"attribute_exists(p)"}}]' 2>&1 || true)
case $failed in *TransactionCanceledException*ConditionalCheckFailed*) same 'a cancelled transaction' yes yes ;; *) same 'a cancelled transaction' yes "$failed" ;; esac
same statement 20 "$(db execute-statement --statement "SELECT * FROM Cli WHERE p = 'x'" --query 'length(Items)')"

db create-table --table-name CliSmall --provisioned-throughput ReadCapacityUnits=1,WriteCapacityUnits=1 \
  --attribute-definitions AttributeName=p,AttributeType=S --key-schema AttributeName=p,KeyType=HASH >/dev/null
db wait table-exists --table-name CliSmall
file=$(mktemp)
trap 'rm -f "$file"' EXIT
printf '{"p":{"S":"x"},"b":{"S":"%s"}}' "$(head -c 300000 /dev/zero | tr '\0' x)" >"$file"
throttled=no # 293 units each, of one a second: the burst of a new table does not last for five
for _ in 1 2 3 4 5; do
  case $(db put-item --table-name CliSmall --item "file://$file" 2>&1 || true) in
  *ProvisionedThroughputExceededException*) throttled=yes && break ;;
  esac
done
same throttle yes "$throttled"

arn=$(db describe-table --table-name Cli --query Table.LatestStreamArn --output text)
streams() { aws dynamodbstreams --endpoint-url "$endpoint" --output text "$@"; }
n=0
for shard in $(streams describe-stream --stream-arn "$arn" --query 'StreamDescription.Shards[].ShardId'); do
  at=$(streams get-shard-iterator --stream-arn "$arn" --shard-id "$shard" --shard-iterator-type TRIM_HORIZON --query ShardIterator)
  n=$((n + $(streams get-records --shard-iterator "$at" --query 'length(Records)')))
done
same stream 20 "$n"
for table in Cli CliSmall; do db delete-table --table-name "$table" >/dev/null; done
echo "$checks checks of the CLI passed"
